/** A value that needs memory from the node that makes it to the last that reads it, both included. */
export interface Lifetime {
  readonly bytes: number;
  readonly from: number;
  to: number;
}

export interface SlotAssignment {
  /** Bytes of each slot. */
  readonly slots: readonly number[];
  /** The slot of each lifetime. */
  readonly slotOf: readonly number[];
  readonly total: number;
}

/** The most bytes that live at one time: no assignment in this order can do with less. */
export function lowerBound(lifetimes: readonly Lifetime[]): number {
  const changes = new Map<number, number>();
  for (const { from, to, bytes } of lifetimes) {
    changes.set(from, (changes.get(from) ?? 0) + bytes);
    changes.set(to + 1, (changes.get(to + 1) ?? 0) - bytes);
  }
  let live = 0;
  let most = 0;
  for (const [, change] of [...changes].sort(([a], [b]) => a - b)) {
    live += change;
    most = Math.max(most, live);
  }
  return most;
}

/**
 * Gives each lifetime a slot that nothing else uses at the same time. Finding the least memory is NP-hard; the best of several
 * greedy orders is taken (after Pisarchyk and Lee 2020, "Efficient Memory Management for Deep Neural Net Inference").
 */
export function assignSlots(lifetimes: readonly Lifetime[]): SlotAssignment {
  const indices = lifetimes.map((_, i) => i);
  const length = (i: number) => lifetimes[i].to - lifetimes[i].from;
  const orders = [
    indices.toSorted((a, b) => lifetimes[b].bytes - lifetimes[a].bytes || lifetimes[a].from - lifetimes[b].from),
    indices.toSorted((a, b) => lifetimes[a].from - lifetimes[b].from || lifetimes[b].bytes - lifetimes[a].bytes),
    indices.toSorted((a, b) => lifetimes[b].to - lifetimes[a].to || lifetimes[b].bytes - lifetimes[a].bytes),
    indices.toSorted((a, b) => length(b) - length(a) || lifetimes[b].bytes - lifetimes[a].bytes),
    indices.toSorted((a, b) => lifetimes[b].bytes * (length(b) + 1) - lifetimes[a].bytes * (length(a) + 1)),
  ];
  return orders.map((order) => assign(lifetimes, order)).reduce((best, next) => (next.total < best.total ? next : best));
}

function assign(lifetimes: readonly Lifetime[], order: readonly number[]): SlotAssignment {
  const slots: { bytes: number; held: Lifetime[] }[] = [];
  const slotOf = new Array<number>(lifetimes.length).fill(-1);
  for (const i of order) {
    const life = lifetimes[i];
    let best = -1;
    let bestWaste = Number.POSITIVE_INFINITY;
    slots.forEach((slot, s) => {
      if (slot.held.some((other) => other.from <= life.to && life.from <= other.to)) return;
      // Growing a slot costs what it grows; a slot too large wastes nothing that is not there already.
      const waste = slot.bytes >= life.bytes ? (slot.bytes - life.bytes) * 1e-6 : life.bytes - slot.bytes;
      if (waste < bestWaste && waste < life.bytes) {
        best = s;
        bestWaste = waste;
      }
    });
    if (best < 0) {
      best = slots.length;
      slots.push({ bytes: 0, held: [] });
    }
    slots[best].bytes = Math.max(slots[best].bytes, life.bytes);
    slots[best].held.push(life);
    slotOf[i] = best;
  }
  return { slots: slots.map((slot) => slot.bytes), slotOf, total: slots.reduce((sum, slot) => sum + slot.bytes, 0) };
}
