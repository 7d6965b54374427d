import { mkdir, mkdtemp, readdir, writeFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { CommandLine } from "../support/command-line.ts";

const line = CommandLine.forAllTests();

// The stand-ins are shell scripts, which Windows cannot start as programs.
describe.skipIf(process.platform === "win32")("with a browser that fails", () => {
  let fakes = "";
  const fake = (name: string) => `${fakes}/${name}`;
  /** An empty folder for what is temporary. */
  const temporary = () => mkdtemp(`${fakes}/tmp-`);

  beforeAll(async () => {
    fakes = `${line.folder}/fakes`;
    await mkdir(fakes);
    const real =
      process.env.UNROLL_BROWSER || process.env.PUPPETEER_EXECUTABLE_PATH || "$(command -v chromium || command -v google-chrome)";
    const scripts = {
      sleeps: "exec sleep 1000",
      // a child that is not in its way
      forks: "sleep 1000 &\nexec sleep 1000",
      exits: 'echo "no display" >&2\nexit 3',
      // as soon as it is asked for a page
      dies: `${real} "$@" &\nsleep \${DIES_AFTER:-4}\nkill -9 0`,
      // answers what it is called, and then nothing
      silent: 'if [ "$1" = --version ]; then echo deno 0.0.0; exit; fi\necho one line >&2\nexec sleep 1000',
    };
    for (const [name, script] of Object.entries(scripts)) await writeFile(fake(name), `#!/bin/bash\n${script}\n`, { mode: 0o755 });
  });

  test.each([
    ["chrome", "sleeps", "chrome did not start within 1 s; --timeout SECONDS gives it longer"],
    ["chrome", "exits", "/exits did not start: it ended before it answered"],
    ["firefox", "sleeps", "firefox did not start within 1 s; --timeout SECONDS gives it longer"],
    ["firefox", "exits", "/exits did not start: it ended before it answered"],
    ["deno", "sleeps", "deno did not start within 1 s; --timeout SECONDS gives it longer"],
    ["deno", "exits", "/exits did not start: it ended before it answered"],
    ["deno", "silent", "deno said nothing within 1 s; --timeout SECONDS gives it longer"],
  ])("%s that %s is told of in one line, and leaves nothing", async (runtime, name, message) => {
    const TMPDIR = await temporary();
    // a program that ends has all the time to do so
    const timeout = name === "exits" ? "30" : "1";
    const { code, err } = await line.runWith({ TMPDIR }, "info", "--runtime", runtime, "--browser", fake(name), "--timeout", timeout);
    expect(err.trim().split("\n")).toEqual([expect.stringContaining(message)]);
    expect(err).toMatch(/^unroll info: /);
    expect(code).toBe(1);
    expect(await readdir(TMPDIR)).toEqual([]);
  });

  test.each(["verify", "bench"])("unroll %s tells of a browser that dies meanwhile", async (command) => {
    const TMPDIR = await temporary();
    const { code, err } = await line.runWith({ TMPDIR }, command, "--browser", fake("dies"));
    expect(err).toMatch(/chrome (ended|lost its page) before it had answered: |dies did not start: it ended before it answered/);
    expect(err).not.toMatch(/^\s+at /m);
    expect(code).toBe(1);
    expect(await readdir(TMPDIR)).toEqual([]);
  });

  test.each([
    ["SIGINT", 130, "info", "chrome"],
    ["SIGTERM", 143, "verify", "chrome"],
    ["SIGHUP", 129, "info", "chrome"],
    ["SIGINT", 130, "bench", "chrome"],
    ["SIGHUP", 129, "bench", "chrome"],
    ["SIGTERM", 143, "info", "firefox"],
    ["SIGHUP", 129, "verify", "firefox"],
    ["SIGTERM", 143, "info", "deno"],
  ] as const)("%s ends with %i and leaves no process and no folder: %s in %s", async (signal, expected, command, runtime) => {
    const TMPDIR = await temporary();
    const name = runtime === "deno" ? "silent" : "forks";
    const { code, started, left, err } = await line.signal({ TMPDIR }, [command, "--runtime", runtime, "--browser", fake(name)], signal);
    expect({ code, err }).toEqual({ code: expected, err: "" });
    expect(started.length).toBeGreaterThan(0);
    expect(left).toEqual([]);
    expect(await readdir(TMPDIR)).toEqual([]);
  });

  test("what a command that was killed left behind, the next removes", async () => {
    const TMPDIR = await temporary();
    const { started } = await line.signal({ TMPDIR }, ["info", "--browser", fake("sleeps")], "SIGKILL");
    for (const id of started) process.kill(id, "SIGKILL");
    expect(await readdir(TMPDIR)).toHaveLength(1);
    await line.runWith({ TMPDIR }, "info", "--browser", fake("exits"));
    expect(await readdir(TMPDIR)).toEqual([]);
  });

  test("a script that never ends is ended by a signal, and leaves no folder", async () => {
    const TMPDIR = await temporary();
    const script = fake("endless.ts");
    await writeFile(script, "console.error('runs'); for (;;);");
    const { code, left } = await line.interruptWith({ TMPDIR }, ["export", script], /runs/, "SIGTERM");
    expect(code).not.toBe(0);
    expect(left).toEqual([]);
    expect(await readdir(TMPDIR)).toEqual([]);
  });

  test("without a folder for what is temporary it says so", async () => {
    const TMPDIR = "/nowhere/tmp";
    const { code, err } = await line.runWith({ TMPDIR }, "info", "--browser", fake("sleeps"));
    expect(err).toMatch(/^unroll info: no folder for temporary files can be made in \/nowhere\/tmp \(see TMPDIR\): ENOENT.*\n$/);
    expect(code).toBe(1);
    const script = fake("exported.ts");
    await writeFile(script, "export default 3;");
    const exported = await line.runWith({ TMPDIR }, "export", script);
    expect(exported.err).toMatch(/^unroll export: no folder for temporary files can be made in \/nowhere\/tmp.*\n$/);
    expect(exported.code).toBe(1);
  });

  test("who reads may have had enough", async () => {
    const { out, err } = await line.shell("unroll --help | head -1; unroll bench --compare package.json 2>&1 >/dev/null | head -1");
    expect(out.split("\n")[0]).toMatch(/^unroll: /);
    expect(err).toBe("");
    const closed = await line.shell("unroll info --runtime node | true");
    expect(closed.err).not.toMatch(/EPIPE|^\s+at /m);
  });
});
