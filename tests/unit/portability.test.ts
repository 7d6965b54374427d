import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { portabilityTests, uncommented } from "./sweeps/portability.ts";

/*
 * Chrome accepts more than WGSL's core, partly without any directive; naga (Firefox, Deno) and WebKit do not. What runs there is
 * proven by `unroll verify --runtime firefox`; these rules find in Chrome's absence what Chrome would let through.
 */

const root = fileURLToPath(new URL("../../shaders/", import.meta.url));

const sources = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => ({ name, text: uncommented(readFileSync(root + name, "utf8")) }));

/** Each with WGSL that it must find, and some that it must not. */
const RULES: readonly (readonly [what: string, rule: RegExp, wrong: string, right: string])[] = [
  ["directives", /^\s*(requires|diagnostic)\b/m, "requires pointer_composite_access;", "let required = 1u;"],
  ["extensions but subgroups", /^\s*enable\s+(?!subgroups;)/m, "enable f16;", "enable subgroups;"],
  ["pointer parameters", /\bptr\s*</, "fn f(p: ptr<storage, u32>) {", "let ptr_a = 1u;"],
  ["swizzles that are assigned to", /\.(?:[xyzw]{2,4}|[rgba]{2,4})\s*[-+*/%&|^]?=(?!=)/, "v.xy += a;", "if (v.xy == a) { v.x = 1.0; }"],
  ["linear indices", /@builtin\(\s*(global_invocation_index|workgroup_index)\b/, "@builtin(workgroup_index) i: u32", "workgroup_id"],
  ["ids of subgroups", /@builtin\(\s*(subgroup_id|num_subgroups)\b/, "@builtin(subgroup_id) i: u32", "@builtin(subgroup_size)"],
  ["address spaces of Chrome", /\bvar\s*<\s*(immediate|push_constant)\b/, "var<immediate> a: u32;", "var<workgroup> a: u32;"],
  ["overrides", /^\s*(@id\(\d+\)\s*)?override\s+\w+\s*[:=]/m, "override size: u32 = 4;", "let overridden = 1u;"],
];

describe("no shader uses", () => {
  test.each(RULES)("%s", (_, rule, wrong, right) => {
    expect(rule.test(wrong)).toBe(true);
    expect(rule.test(right)).toBe(false);
    expect(sources.filter(({ text }) => rule.test(text)).map(({ name }) => name)).toEqual([]);
  });
});

portabilityTests("part");
