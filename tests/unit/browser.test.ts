import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { findBrowser } from "../../src/cli/runtime/browser.ts";
import { findDeno } from "../../src/cli/runtime/deno.ts";
import { findFirefox } from "../../src/cli/runtime/firefox.ts";
import { checkVersion, optional } from "../../src/cli/runtime/optional.ts";
import { launch, type Runtime } from "../../src/cli/runtime/runtime.ts";

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

describe.each([
  ["FIREFOX_PATH", "firefox", async (path?: string) => findFirefox(path)],
  ["DENO_PATH", "deno", async (path?: string) => findDeno(path)],
])("%s", (variable, name, find) => {
  test("comes after --browser, and before an installed one", async () => {
    vi.stubEnv(variable, program);
    expect(await find()).toEqual({ path: program, origin: variable });
    vi.stubEnv(variable, "/nowhere/a");
    expect(await find(program)).toEqual({ path: program, origin: "--browser" });
    await expect(find()).rejects.toMatchObject({ code: "missing", message: `${variable} names /nowhere/a, which is not a program` });
  });

  test("is not needed for what stands on PATH", async () => {
    const folder = await mkdtemp(join(tmpdir(), "unroll-path-"));
    try {
      const path = join(folder, name);
      await writeFile(path, "#!/bin/sh\n", { mode: 0o755 });
      vi.stubEnv(variable, "");
      vi.stubEnv("PATH", folder);
      expect(await find()).toEqual({ path, origin: "installed" });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("a runtime whose program is not there says so before anything is started", async () => {
    await expect(launch(name, { browser: "/nowhere/b" })).rejects.toMatchObject({
      code: "missing",
      message: "--browser names /nowhere/b, which is not a program",
    });
  });
});

// The stand-in is a shell script, which Windows cannot start as a program.
describe.skipIf(process.platform === "win32")("Deno, in place of which something else answers", () => {
  /** A program that answers `--version`, and then does this with the script on its standard input. */
  const launchFake = async (rest: string): Promise<Runtime> => {
    const folder = await mkdtemp(join(tmpdir(), "unroll-deno-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const path = join(folder, "deno");
    await writeFile(path, `#!/bin/sh\nif [ "$1" = --version ]; then echo deno 0.0.0; exit; fi\n${rest}\n`, { mode: 0o755 });
    return launch("deno", { browser: path, log: (line) => lines.push(line) });
  };
  const lines: string[] = [];

  test("gets no permissions; what it logs is passed on, and its answer is the result", async () => {
    const runtime = await launchFake(`cat > /dev/null; echo "$*" >&2; echo '{"result":{"ok":true}}'`);
    expect(runtime.choice).toMatch(/^deno 0\.0\.0 at .+ \(--browser\)/);
    expect(await runtime.call("verify", {})).toEqual({ ok: true });
    expect(lines.at(-1)).toMatch(/^run --unstable-webgpu .*-$/);
    expect(lines.at(-1)).not.toContain("--allow");
  });

  test("its errors keep their code", async () => {
    const runtime = await launchFake(`cat > /dev/null; echo '{"error":{"code":"self-test","message":"wrong"}}'`);
    await expect(runtime.call("info", {})).rejects.toMatchObject({ name: "UnrollError", code: "self-test", message: "wrong" });
  });

  test("an end without an answer is an error", async () => {
    const runtime = await launchFake("exit 3");
    await expect(runtime.call("info", {})).rejects.toMatchObject({ code: "adapter", message: "Deno ended with 3 and gave no result" });
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

test.each([
  ["4.5.14", 'version 5 or later of the package "vite"; version 4.5.14 is installed: npm install --save-dev vite@latest'],
  ["5.0.0", undefined],
  ["9.0.0-beta.1", undefined],
  [undefined, undefined],
])("an optional package in version %s is checked when it is used", (version, message) => {
  const use = () => checkVersion("vite", "Reading a file with kernels", version);
  if (message === undefined) expect(use).not.toThrow();
  else expect(use).toThrow(expect.objectContaining({ code: "missing", message: `Reading a file with kernels needs ${message}` }));
});

test("an error within an optional package is told as it is", async () => {
  const broken = () => Promise.reject(new RangeError("broken inside"));
  await expect(optional("webgpu", "WebGPU in Node", broken)).rejects.toThrow(RangeError);
});

test("an unknown runtime is an error", async () => {
  const message = "--runtime safari: known runtimes are chrome, firefox, node, deno";
  await expect(launch("safari")).rejects.toMatchObject({ code: "argument", message });
});
