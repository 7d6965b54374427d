import { afterEach, describe, expect, test, vi } from "vitest";
import { findBrowser } from "../../src/cli/runtime/browser.ts";
import { optional } from "../../src/cli/runtime/optional.ts";
import { launch } from "../../src/cli/runtime/runtime.ts";

const program = process.execPath; // anything that can be run

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("a browser is looked for in this order", () => {
  test("--browser, before the environment", async () => {
    vi.stubEnv("PUPPETEER_EXECUTABLE_PATH", "/nowhere/a");
    expect(await findBrowser(program)).toEqual({ path: program, origin: "--browser" });
  });

  test("PUPPETEER_EXECUTABLE_PATH, before CHROME_PATH", async () => {
    vi.stubEnv("PUPPETEER_EXECUTABLE_PATH", program);
    vi.stubEnv("CHROME_PATH", "/nowhere/b");
    expect(await findBrowser()).toEqual({ path: program, origin: "PUPPETEER_EXECUTABLE_PATH" });
  });

  test("CHROME_PATH, before an installed one", async () => {
    vi.stubEnv("PUPPETEER_EXECUTABLE_PATH", "");
    vi.stubEnv("CHROME_PATH", program);
    expect(await findBrowser()).toEqual({ path: program, origin: "CHROME_PATH" });
  });

  test("a path that names no program is an error, not a reason to look elsewhere", async () => {
    await expect(findBrowser("/nowhere/chrome")).rejects.toMatchObject({
      code: "missing",
      message: expect.stringContaining("/nowhere/chrome"),
    });
    vi.stubEnv("PUPPETEER_EXECUTABLE_PATH", "");
    vi.stubEnv("CHROME_PATH", "/nowhere/chrome");
    await expect(findBrowser()).rejects.toMatchObject({ code: "missing", message: expect.stringContaining("CHROME_PATH") });
  });
});

test("an optional package that is not installed is named with the way to get it", async () => {
  const absent: string = "a-package-that-is-not-there";
  const error = await optional("puppeteer", "Driving a browser", () => import(/* @vite-ignore */ absent)).catch((it: unknown) => it);
  expect(error).toMatchObject({
    code: "missing",
    message: 'Driving a browser needs the package "puppeteer", which is not installed: npm install --save-dev puppeteer',
  });
});

test("an error within an optional package is told as it is", async () => {
  const broken = () => Promise.reject(new RangeError("broken inside"));
  await expect(optional("webgpu", "WebGPU in Node", broken)).rejects.toThrow(RangeError);
});

test("an unknown runtime is an error", async () => {
  await expect(launch("deno")).rejects.toMatchObject({ code: "argument", message: expect.stringContaining("chrome and node") });
});
