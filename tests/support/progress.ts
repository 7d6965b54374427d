import { relative } from "node:path";
import type { Reporter, TestCase, TestModule } from "vitest/node";

const SECONDS = 20;

interface Running {
  readonly begin: number;
  done: number;
  current?: string;
}

/**
 * Says every 20 seconds what is running and since when, where Vitest's own summary is not drawn because nobody looks at a terminal.
 * Vitest itself prints a line for each file when it ends.
 */
export default class Progress implements Reporter {
  readonly #running = new Map<TestModule, Running>();
  #timer: NodeJS.Timeout | undefined;

  onTestRunStart(): void {
    if (process.stdout.isTTY && !process.env.CI) return;
    this.#timer = setInterval(() => this.#print(), 1000 * SECONDS);
    this.#timer.unref();
  }

  onTestModuleStart(module: TestModule): void {
    this.#running.set(module, { begin: performance.now(), done: 0 });
  }

  onTestCaseReady(test: TestCase): void {
    const running = this.#running.get(test.module);
    if (running) running.current = test.fullName;
  }

  onTestCaseResult(test: TestCase): void {
    const running = this.#running.get(test.module);
    if (running) running.done++;
  }

  onTestModuleEnd(module: TestModule): void {
    this.#running.delete(module);
  }

  onTestRunEnd(): void {
    clearInterval(this.#timer);
    this.#running.clear();
  }

  #print(): void {
    for (const [module, { begin, done, current }] of this.#running) {
      const seconds = Math.round((performance.now() - begin) / 1000);
      const count = [...module.children.allTests()].length;
      const file = relative(process.cwd(), module.moduleId);
      console.log(`… ${file}: ${done} of ${count} tests after ${seconds} s${current ? `, now: ${current}` : ""}`);
    }
  }
}
