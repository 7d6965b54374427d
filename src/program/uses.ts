import type { HostArray, NamedArray, TensorType } from "../graph/types.ts";

/** Something in a store that stays while anything uses it. */
export interface Shared {
  /** Of a variable or an optimizer's array: its name. Buffers beside them have none. */
  readonly name?: string;
  /** Programs, trainers and streams that use it now. */
  uses: number;
  /** Stays when nothing uses it any more, too. */
  kept: boolean;
  /** Goes with the last trainer or stream that uses it, and not before. Else, as a variable of a graph, it stays with the engine. */
  readonly owned: boolean;
  /** Takes it out of the store. Does nothing the second time. @param undone What failed had made it: it never was there. */
  free(undone?: boolean): void;
}

/** What one program, trainer or stream uses of a store. */
export class Uses {
  readonly #all = new Set<Shared>();

  add(one: Shared): void {
    if (this.#all.has(one)) return;
    this.#all.add(one);
    one.uses++;
  }

  /** Uses all that `other` uses, and answers for what belongs to models: from now on that goes with the last that uses it. */
  own(other: Uses): void {
    for (const one of other.#all) {
      this.add(one);
      if (one.owned) one.kept = false;
    }
  }

  /** Names of the variables and optimizer states among it. */
  names(): string[] {
    return [...this.#all].flatMap(({ name }) => (name === undefined ? [] : [name]));
  }

  /** Frees what nothing else uses. @param keep Variables and optimizer states stay with the engine. */
  release(keep = false): void {
    const all = [...this.#all];
    this.#all.clear();
    for (const one of all) {
      one.uses--;
      if (keep && one.name !== undefined) one.kept = true;
    }
    for (const one of all) if (one.uses === 0 && !one.kept) one.free();
  }
}

/** What was made or used by one piece of work, as one whole: it can be taken back, or released later. */
export interface Attempt<T> {
  readonly value: T;
  readonly uses: Uses;
  /** Takes back what was made, unless something else uses it by now. */
  readonly undo: () => void;
}

/** What a ledger needs to know of its store. */
export interface Books {
  has(name: string): boolean;
  /** Values of a checkpoint that was loaded before. */
  readonly pending: {
    take(name: string, type: TensorType): HostArray | undefined;
    set(name: string, array: NamedArray): void;
  };
}

/** Counts who uses what of a store. */
export class Ledger {
  readonly #books: Books;
  #uses: Uses | undefined;
  #made: Shared[] = [];
  #taken: Map<string, NamedArray> | undefined;

  constructor(books: Books) {
    this.#books = books;
  }

  /** Does `work`, and notes what it makes and uses; what it made is taken back at once when it throws. */
  attempt<T>(work: () => T): Attempt<T> {
    const uses = new Uses();
    const made: Shared[] = [];
    const taken = new Map<string, NamedArray>();
    const undo = () => {
      uses.release();
      for (const one of made.reverse()) if (one.uses === 0) one.free(true);
      for (const [name, array] of taken) if (!this.#books.has(name)) this.#books.pending.set(name, array);
    };
    this.#uses = uses;
    this.#made = made;
    this.#taken = taken;
    try {
      return { value: work(), uses, undo };
    } catch (error) {
      undo();
      throw error;
    } finally {
      this.#uses = undefined;
      this.#made = [];
      this.#taken = undefined;
    }
  }

  /** To be called with what work takes of the store. */
  note<T extends Shared>(one: T): T {
    this.#uses?.add(one);
    return one;
  }

  /** To be called with what work adds to the store. */
  made<T extends Shared>(one: T): T {
    if (this.#uses) this.#made.push(one);
    return this.note(one);
  }

  /** What a checkpoint has for `name`. */
  loaded(name: string, type: TensorType): HostArray | undefined {
    const data = this.#books.pending.take(name, type);
    if (data) this.#taken?.set(name, { dtype: type.dtype, shape: type.shape, data });
    return data;
  }
}
