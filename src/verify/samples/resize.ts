import type { RandomSource } from "../../graph/tensor.ts";
import type { Shape } from "../../graph/types.ts";
import type { Coordinates, ResizeAttributes, ResizeMode, Rounding } from "../../ops/resize/line.ts";
import { resize2dOp } from "../../ops/resize/resize.ts";
import { resize2dGradientOp } from "../../ops/resize/resize-gradient.ts";
import type { OpSamples, Sample } from "../sample.ts";

type Call = readonly [from: Shape, size: readonly [number, number]];

const RAGGED = [1, 3, 7, 17, 33, 65, 130];
const coordinates: readonly Coordinates[] = ["half_pixel", "align_corners", "asymmetric"];
const roundings: readonly Rounding[] = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"];

const calls = (random: RandomSource): Call[] => [
  ...RAGGED.map(
    (n): Call => [
      [1, n, 2, 3],
      [7, 3],
    ],
  ),
  ...RAGGED.map(
    (n): Call => [
      [2, 3, 5, 1],
      [2, n],
    ],
  ),
  [
    [2, 4, 4, 4],
    [8, 8],
  ],
  [
    [1, 9, 8, 8],
    [3, 4],
  ],
  [
    [1, 1, 1, 2],
    [40, 30],
  ],
  [
    [1, 37, 53, 1],
    [1, 1],
  ],
  [
    [1, 6, 5, 5],
    [6, 5],
  ],
  ...Array.from({ length: 4 }, (): Call => {
    const draw = (most: number) => 1 + Math.floor(most * random.uniform());
    return [
      [draw(2), draw(12), draw(12), draw(5)],
      [draw(20), draw(20)],
    ];
  }),
];

/** Channels with every rest, in every mode: larger, smaller. */
const aligned: readonly { readonly call: Call; readonly variation: readonly [ResizeMode, Coordinates, Rounding] }[] = (
  ["nearest", "bilinear"] as const
).flatMap((mode) =>
  coordinates.flatMap((c, i) =>
    [4, 8, 2 + i, 5].map((channels, k) => ({
      call: [[1, 5, 4, channels], k % 2 === 0 ? [8, 7] : [3, 2]] as const,
      variation: [mode, c, roundings[(i + k) % 4]] as const,
    })),
  ),
);

/** Every coordinate mode with both modes; the roundings of "nearest" in turn. */
function variations(): (readonly [ResizeMode, Coordinates, Rounding])[] {
  const nearest = coordinates.flatMap((c, i) =>
    roundings.map((r, k): readonly [ResizeMode, Coordinates, Rounding] => ["nearest", c, roundings[(k + i) % 4] ?? r]),
  );
  return [
    ...nearest,
    ...coordinates.flatMap((c) => [0, 1, 2].map((): readonly [ResizeMode, Coordinates, Rounding] => ["bilinear", c, "floor"])),
  ];
}

const samples =
  (backward: boolean) =>
  (random: RandomSource): Sample<ResizeAttributes>[] => {
    const all = variations();
    const some = calls(random).flatMap((call, i) => [0, 1].map((k) => ({ call, variation: all[(i * 5 + k * 13) % all.length] })));
    return [...some, ...aligned].map(({ call: [from, to], variation: [mode, c, rounding] }) => {
      const shape = backward ? [from[0], ...to, from[3]] : from;
      const size = backward ? ([from[1], from[2]] as const) : to;
      return { inputs: [{ shape }], attributes: { size, mode, coordinates: c, rounding } };
    });
  };

export const resizeSamples: readonly OpSamples[] = [
  { op: resize2dOp, samples: samples(false) },
  { op: resize2dGradientOp, samples: samples(true) },
];
