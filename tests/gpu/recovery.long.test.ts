import type { Browser, CDPSession } from "puppeteer";
import { expect, inject, test } from "vitest";
import { launchChrome } from "../../src/cli/runtime/chrome.ts";
import { inPage } from "../support/page.ts";
import type { DispatchOutcome } from "./pages/recovery.ts";

const PAGE = "tests/gpu/pages/recovery.ts";

test("a device lost at any dispatch of a step costs nothing: training goes on with the same bits", { timeout: 1_200_000 }, async () => {
  const { dispatches, tried, wrong } = await inPage<DispatchOutcome>(PAGE, "everyDispatch", 0, 1);
  expect(wrong).toEqual([]);
  expect(tried.length).toBe(dispatches);
});

/** Chrome ends itself after a few crashes. */
const [BROWSERS, KILLS, STEPS] = [10, 2, 400];
/** After two crashes Chrome refuses adapters for minutes, except with this flag. */
const NO_REFUSAL = "--disable-domain-blocking-for-3d-apis";

async function gpuProcess(session: CDPSession): Promise<number | undefined> {
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  return processInfo.find(({ type }) => type === "GPU")?.id;
}

interface Outcome {
  readonly same: boolean;
  readonly steps: number;
  readonly losses: number;
  /** Chrome refused an adapter. */
  readonly refused: boolean;
}

/** Trains in a new page and kills the GPU process meanwhile, at steps that depend on `seed`. */
async function trainAndKill(browser: Browser, seed: number): Promise<Outcome> {
  const page = await browser.newPage();
  let refused = false;
  page.on("console", (message) => {
    refused ||= message.text().includes("Failed to create WebGPU Context Provider");
  });
  await page.goto(inject("page").url);
  const expected = (await page.evaluate(`import("/${PAGE}").then((m) => m.undisturbed(${STEPS}))`)) as string;
  const result = page.evaluate(`import("/${PAGE}").then((m) => m.trainThrough(${JSON.stringify(expected)}, ${STEPS}))`) as Promise<{
    same: boolean;
    steps: number;
  }>;
  let failed: unknown;
  result.catch((error: unknown) => {
    failed = error;
  });
  const session = await browser.target().createCDPSession();
  for (let kill = 0; kill < KILLS; kill++) {
    // A fraction of the run, different for each browser and kill.
    const at = 1 + Math.floor(((kill + ((seed * 0.618 + kill * 0.37) % 1)) / KILLS) * STEPS * 0.9);
    for (;;) {
      const { step, losses } = (await page.evaluate("globalThis.progress ?? { step: 0, losses: 0 }")) as { step: number; losses: number };
      if (step >= at && losses >= kill) break;
      if (failed) throw failed;
      if (step >= STEPS - 1) throw new Error(`the run ended before kill ${kill}, with ${losses} losses`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const pid = await gpuProcess(session);
    if (!pid) throw new Error("the browser has no GPU process");
    process.kill(pid, "SIGKILL");
  }
  const { same, steps } = await result;
  const { losses } = (await page.evaluate("globalThis.progress")) as { losses: number };
  return { same, steps, losses, refused };
}

test("two crashes, after which Chrome refuses adapters for two minutes, are waited out", { timeout: 900_000 }, async () => {
  const { browser } = await launchChrome({ browser: process.env.UNROLL_BROWSER || undefined });
  try {
    const { same, steps, refused } = await trainAndKill(browser, 3);
    expect({ same, steps }).toEqual({ same: true, steps: STEPS });
    expect(refused, "without a refusal this test shows nothing").toBe(true);
  } finally {
    await browser.close();
  }
});

test.each(Array.from({ length: BROWSERS }, (_, i) => i))(
  "killed GPU processes cost nothing (browser %i)",
  { timeout: 600_000 },
  async (seed) => {
    const { browser } = await launchChrome({ browser: process.env.UNROLL_BROWSER || undefined, flags: [NO_REFUSAL] });
    try {
      const { same, steps, losses } = await trainAndKill(browser, seed);
      expect({ same, steps }).toEqual({ same: true, steps: STEPS });
      expect(losses).toBeGreaterThanOrEqual(KILLS);
    } finally {
      await browser.close();
    }
  },
);
