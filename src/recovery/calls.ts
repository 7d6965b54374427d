import { UnrollError } from "../errors.ts";

/** One call to a trainer, kept so that it can be made again on a new device. */
export interface Call<T> {
  /** Makes the call, the first time and after each loss. */
  readonly make: (trainer: T, call: { readonly number: number; readonly answered: boolean }) => Promise<unknown>;
  /** It changes the state of training: after a loss it is made again even where it was answered. */
  readonly changes: boolean;
  /** Of the arrays that it keeps. */
  readonly bytes: number;
}

/** A call in the log. */
export interface Kept<T> extends Call<T> {
  /** The place in the sequence of all calls. */
  readonly number: number;
  /** Whoever made the call has its result or error. */
  answered: boolean;
  /** Resolves once it is answered. */
  readonly done: Promise<void>;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Whether an error says that the device is gone, not that the call was wrong. */
export const isLoss = (error: unknown): error is UnrollError => error instanceof UnrollError && error.code === "lost";

/**
 * The calls since the last checkpoint, in order. What is answered and changes nothing is dropped;
 * so is a call that was refused, since it had no effect. A refusal for values that are not finite
 * is kept: made again, it refuses again what came after it.
 */
export class CallLog<T> {
  readonly #kept: Kept<T>[] = [];
  #next = 0;
  /** Bytes of the arrays kept now. */
  bytes = 0;

  add(call: Call<T>): { readonly kept: Kept<T>; readonly result: Promise<unknown> } {
    let kept: Kept<T> | undefined;
    const result = new Promise<unknown>((resolve, reject) => {
      kept = { ...call, number: this.#next++, answered: false, resolve, reject } as Kept<T>;
    });
    const done = result.then(
      () => {},
      () => {},
    );
    kept = Object.assign(kept as unknown as Kept<T>, { done });
    this.#kept.push(kept);
    this.bytes += call.bytes;
    return { kept, result };
  }

  /** Answers a call, once. */
  answer(kept: Kept<T>, value: unknown): void {
    if (!kept.answered) kept.resolve(value);
    kept.answered = true;
    if (!kept.changes) this.#drop(kept);
  }

  /** Refuses a call, once. */
  refuse(kept: Kept<T>, error: unknown): void {
    if (!kept.answered) kept.reject(error);
    kept.answered = true;
    if (!kept.changes || !(error instanceof UnrollError && error.code === "non-finite")) this.#drop(kept);
  }

  /** The first call whose number is at least `number`. */
  from(number: number): Kept<T> | undefined {
    return this.#kept.find((kept) => kept.number >= number);
  }

  /** Resolves once all calls before `number` are answered. */
  async answeredBefore(number: number): Promise<void> {
    await Promise.all(this.#kept.flatMap((kept) => (kept.number < number ? [kept.done] : [])));
  }

  /** Forgets the calls before `number`, which a checkpoint contains. */
  forget(number: number): void {
    for (const kept of this.#kept.filter((kept) => kept.number < number)) this.#drop(kept);
  }

  /** Calls that change the state. */
  get changes(): number {
    return this.#kept.filter(({ changes }) => changes).length;
  }

  /** Refuses whatever is not answered yet. */
  end(error: UnrollError): void {
    for (const kept of this.#kept.splice(0)) if (!kept.answered) kept.reject(error);
    this.bytes = 0;
  }

  #drop(kept: Kept<T>): void {
    const at = this.#kept.indexOf(kept);
    if (at < 0) return;
    this.#kept.splice(at, 1);
    this.bytes -= kept.bytes;
  }
}
