import { UnrollError } from "../errors.ts";
import { Uses, usingOf } from "../program/uses.ts";

interface Cached<P> {
  readonly program: Promise<P>;
  /** Calls that use it now. */
  calls: number;
}

interface Disposable {
  dispose(): void;
}

/**
 * Compiled programs by name, and the variables that they use. It keeps as many as it may: when there are more, the one goes that was
 * not used for longest, once nothing of it is in flight.
 */
export class ProgramCache<P extends Disposable> {
  readonly #most: number;
  readonly #pinned: ReadonlySet<string>;
  /** In the order of their last use. */
  readonly #cached = new Map<string, Cached<P>>();
  /** Calls and farewells that are under way. */
  readonly #underWay = new Set<Promise<unknown>>();
  /** Of the engine's variables, by any program so far. */
  readonly #uses = new Uses();
  #end: Promise<void> | undefined;

  /** @param pinned names of those that stay and do not count */
  constructor(most: number, pinned: readonly string[]) {
    this.#most = most;
    this.#pinned = new Set(pinned);
  }

  /** Names of the variables and optimizer states that the programs use. */
  get names(): string[] {
    return this.#uses.names();
  }

  /** @throws UnrollError `disposed` */
  assertUsable(call: string): void {
    if (this.#end) throw new UnrollError("disposed", `${call}: the trainer was disposed`);
  }

  /** A program, compiled before its first use. */
  get<Q extends P>(name: string, compile: () => Promise<Q>): Promise<Q> {
    let cached = this.#cached.get(name);
    if (cached) this.#cached.delete(name);
    else {
      const program = compile().then((made) => {
        this.#uses.own(usingOf(made).uses);
        return made;
      });
      cached = { program, calls: 0 };
      program.catch(() => this.#forget(name, cached));
    }
    this.#cached.set(name, cached);
    return cached.program as Promise<Q>;
  }

  /** A call that uses a program of this name, which stays until the call has ended. */
  async during<T>(name: string, call: Promise<T>): Promise<T> {
    const cached = this.#cached.get(name);
    if (cached) cached.calls++;
    this.wait(call);
    try {
      return await call;
    } finally {
      if (cached) cached.calls--;
      this.#trim();
    }
  }

  /** `dispose` waits for it. */
  wait(call: Promise<unknown>): void {
    const ended: Promise<unknown> = call.catch(() => {}).then(() => this.#underWay.delete(ended));
    this.#underWay.add(ended);
  }

  #forget(name: string, cached: Cached<P> | undefined): void {
    if (this.#cached.get(name) === cached) this.#cached.delete(name);
  }

  #trim(): void {
    const idle = [...this.#cached].filter(([name]) => !this.#pinned.has(name));
    let over = idle.length - this.#most;
    for (const [name, cached] of idle) {
      if (over <= 0) return;
      if (cached.calls > 0) continue;
      over--;
      this.#cached.delete(name);
      this.wait(retire(cached.program));
    }
  }

  /** Waits for what was called before, then frees the programs and, unless they are to be kept, the variables that nothing else uses. */
  dispose(keepVariables: boolean): Promise<void> {
    this.#end ??= this.#dispose(keepVariables);
    return this.#end;
  }

  async #dispose(keepVariables: boolean): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
    const programs = [...this.#cached.values()].map(({ program }) => program);
    this.#cached.clear();
    await Promise.all(programs.map((program) => retire(program).catch(() => {})));
    this.#uses.release(keepVariables);
  }
}

/** Disposes a program once nothing of it is in flight. */
async function retire(program: Promise<Disposable>): Promise<void> {
  const made = await program;
  await usingOf(made).settled();
  made.dispose();
}
