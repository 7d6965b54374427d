import { describe, expect, test } from "vitest";
import { compactWgsl, withoutUnusedFunctions } from "../../src/graph/compact.ts";

describe("compact WGSL", () => {
  test.each([
    ["a // b\nc", "a\nc"],
    ["a /* b */ c", "a c"],
    ["a /* b /* c */ d */ e", "a e"],
    ["a // b /* c\nd /* e // f\n */ g", "a\nd g"],
    ["a * /* b */ c", "a*c"],
    ["y = x / *p; z = x / /* q */ *p;", "y=x/ *p;z=x/ *p;"],
    ["let x = a - -b;\n\n    let y = a  / b;", "let x=a - -b;\nlet y=a/b;"],
    ["fn f( x : u32 ) -> u32 { return x ; }", "fn f(x:u32)->u32{return x;}"],
    ["x += 1u; // the end", "x+=1u; "],
    ["a /* not closed", "a "],
  ])("%j becomes %j", (text, expected) => {
    expect(compactWgsl(text)).toBe(expected);
  });

  test("loses functions that nothing names, and those that only they name", () => {
    const text = `const k = 2u;
fn alone() { if (true) { loop { break; } } }
fn first() { second(); }
fn second() { third(); }
fn third() -> u32 { return k; }
@must_use fn attributed() -> u32 { return 1u; }
@compute @workgroup_size(1) fn main() { let n = third(); }`;
    expect(withoutUnusedFunctions(text).replace(/\n+/g, "\n")).toBe(`const k = 2u;
fn third() -> u32 { return k; }
@compute @workgroup_size(1) fn main() { let n = third(); }`);
    expect(withoutUnusedFunctions("@diagnostic(off, derivative_uniformity)\nfn\nunused() {}\nconst k = 1;").trim()).toBe("const k = 1;");
    expect(withoutUnusedFunctions("fn broken(")).toBe("fn broken(");
  });
});
