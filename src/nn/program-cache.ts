import { asLaunchable } from "../program/launch.ts";
import type { RunnableProgram } from "../program/program.ts";
import { Uses } from "../program/uses.ts";

interface Cached {
  readonly promise: Promise<RunnableProgram>;
  /** Once it is compiled, so that a call finds it at once. */
  program?: RunnableProgram;
}

/**
 * Compiled programs by name, and the variables that they use. It keeps as many as it may: when there are more, the one goes that was not
 * used for longest, once all its runs are done.
 */
export class ProgramCache {
  readonly #most: number;
  readonly #pinned: ReadonlySet<string>;
  /** In the order of their last use. */
  readonly #cached = new Map<string, Cached>();
  /** Programs that go when their runs are done. */
  readonly #leaving = new Set<Promise<void>>();
  /** Of the engine's variables, by any program so far. */
  readonly #uses = new Uses();

  /** @param pinned names of those that stay and do not count */
  constructor(most: number, pinned: readonly string[]) {
    this.#most = most;
    this.#pinned = new Set(pinned);
  }

  /** Names of the variables and optimizer states that the programs use. */
  get names(): string[] {
    return this.#uses.names();
  }

  /** A program that is compiled already. */
  find(name: string): RunnableProgram | undefined {
    return this.#touch(name)?.program;
  }

  /** A program, compiled before its first use. */
  get(name: string, compile: () => Promise<RunnableProgram>): Promise<RunnableProgram> {
    return (this.#touch(name) ?? this.#add(name, compile())).promise;
  }

  #touch(name: string): Cached | undefined {
    const cached = this.#cached.get(name);
    if (!cached) return undefined;
    this.#cached.delete(name);
    this.#cached.set(name, cached);
    return cached;
  }

  #add(name: string, compiling: Promise<RunnableProgram>): Cached {
    const promise = compiling.then((program) => {
      this.#uses.own(asLaunchable(program).uses);
      cached.program = program;
      return program;
    });
    const cached: Cached = { promise };
    this.#cached.set(name, cached);
    promise.catch(() => {
      if (this.#cached.get(name) === cached) this.#cached.delete(name);
    });
    this.#trim();
    return cached;
  }

  #trim(): void {
    const names = [...this.#cached.keys()].filter((name) => !this.#pinned.has(name));
    for (const name of names.slice(0, Math.max(0, names.length - this.#most))) this.#retire(name);
  }

  /** Calls that were made before are in the queue of the engine, ahead of this. */
  #retire(name: string): void {
    const { promise } = this.#cached.get(name) as Cached;
    this.#cached.delete(name);
    const left = promise.then((program) => asLaunchable(program).retire()).catch(() => {}); // told to whoever called it
    this.#leaving.add(left);
    void left.then(() => this.#leaving.delete(left));
  }

  /**
   * Frees the programs, once all their runs are done, and the variables that nothing else uses.
   * @param keepVariables leaves them with the engine
   */
  async dispose(keepVariables: boolean): Promise<void> {
    for (const name of [...this.#cached.keys()]) this.#retire(name);
    while (this.#leaving.size > 0) await Promise.all(this.#leaving);
    this.#uses.release(keepVariables);
  }
}
