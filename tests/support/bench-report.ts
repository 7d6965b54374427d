import { BENCH_SCHEMA, type BenchReport, type BenchResult, type Distribution, type Roofline } from "../../src/bench/schema.ts";
import { randomSource } from "../../src/random.ts";

/* Reports as runs on SwiftShader and on a GPU might make them: every kind of row that a renderer has to show. */

export const sampleRoofline: Roofline = {
  fma: { scalar: 13.1e9, vec4: 34.7e9 },
  memory: [16, 64, 256, 1024, 4096, 16384, 65536, 262144].map((kib, i) => ({
    workingSetBytes: kib * 1024,
    bytesPerSecond: [21e9, 38e9, 41e9, 36e9, 22e9, 12.4e9, 10.1e9, 9.6e9][i],
  })),
  workgroupBytesPerSecond: 18.2e9,
  barrierNanoseconds: 410,
  dispatchMicroseconds: 7.4,
  submitMicroseconds: 182,
  readbackMicroseconds: 413,
};

interface Options {
  readonly seed?: number;
  /** All times by this. */
  readonly speed?: number;
  readonly software?: boolean;
  readonly roofline?: boolean;
  /** Without the models. */
  readonly partial?: boolean;
}

type Random = () => number;

/** Around `median`, with a tail to the slow side as measured times have it. */
export function distribution(median: number, random: Random, samples = 15): Distribution {
  const values = Array.from({ length: samples }, () => median * (0.97 + 0.05 * random() + 0.12 * random() ** 6));
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(samples - 1, Math.floor(share * samples))];
  return { samples: values, median: at(0.5), p10: at(0.1), p90: at(0.9), repeats: Math.max(1, Math.round(20 / median)) };
}

const right = { ok: true, against: "reference", error: 0.21 } as const;

export function sampleReport({ seed = 1, speed = 1, software = true, roofline = true, partial = false }: Options = {}): BenchReport {
  const { uniform: next } = randomSource(seed);
  const timed = (ms: number, overhead = 0.4): Pick<BenchResult, "gpu" | "wall"> => ({
    gpu: distribution(ms * speed, next),
    wall: distribution(ms * speed + overhead, next),
  });
  const scale = (probes: Roofline): Roofline =>
    software
      ? probes
      : {
          ...probes,
          fma: { scalar: 9.1e12, vec4: 14.2e12, f16: 27e12 },
          memory: probes.memory.map((p) => ({ ...p, bytesPerSecond: 38 * p.bytesPerSecond })),
        };
  return {
    schema: BENCH_SCHEMA,
    date: software ? "2026-11-25T21:44:38.000Z" : "2026-11-24T09:12:05.000Z",
    command: "unroll bench kernels layers models peers start --json report.json",
    environment: {
      adapter: software
        ? {
            vendor: "google",
            architecture: "swiftshader",
            device: "0xc0de",
            description: "SwiftShader Device (LLVM 10.0.0)",
            software: true,
          }
        : { vendor: "nvidia", architecture: "ada", device: "0x2684", description: "NVIDIA GeForce RTX 4090", software: false },
      features: ["timestamp-query", "subgroups", ...(software ? [] : ["shader-f16"])],
      limits: { maxBufferSize: 2147483648, maxComputeWorkgroupStorageSize: 32768, maxComputeInvocationsPerWorkgroup: 256 },
      userAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36",
      runtime: { name: "chrome", choice: "/usr/bin/chromium, Chrome/156.0.7654.3" },
      flags: ["--enable-unsafe-webgpu", "--enable-dawn-features=allow_unsafe_apis,disable_timestamp_query_conversion"],
      versions: { "unroll-gpu": "0.1.0", "jax-js": "0.1.0", "@tensorflow/tfjs": "4.22.0", "onnxruntime-web": "1.23.0" },
      cores: software ? 2 : 16,
    },
    clock: { kind: "gpu", gpuGrainNanoseconds: 100, wallGrainNanoseconds: 5000 },
    ...(roofline ? { roofline: scale(sampleRoofline) } : {}),
    results: [...kernels(timed), ...(partial ? [] : [...layers(timed), ...models(timed), ...peers(timed), ...starts(speed)])],
    ...(partial ? { incomplete: true } : {}),
  };
}

type Timed = (ms: number, overhead?: number) => Pick<BenchResult, "gpu" | "wall">;

function kernels(timed: Timed): BenchResult[] {
  const variants: readonly (readonly [name: string, flops: number, bytes: number, subjects: readonly (readonly [string, number])[]])[] = [
    [
      "matmul f32 [512, 512] × [512, 512]",
      2 * 512 ** 3,
      12 * 512 ** 2,
      [
        ["tile 64×64 vec4", 17.2],
        ["tile 32×32", 24.9],
        ["dot", 71],
      ],
    ],
    [
      "matmul f32 [1024, 1024] × [1024, 1024]",
      2 * 1024 ** 3,
      12 * 1024 ** 2,
      [
        ["tile 64×64 vec4", 131],
        ["tile 32×32", 199],
      ],
    ],
    [
      "matmul f32 [1, 4096] × [4096, 1024]",
      2 * 4096 * 1024,
      4 * (4096 * 1024 + 5120),
      [
        ["rows", 2.3],
        ["tile 64×64 vec4", 14.7],
      ],
    ],
    [
      "conv2d 3×3 N1 56² 64→64",
      2 * 9 * 56 ** 2 * 64 ** 2,
      4 * (2 * 56 ** 2 * 64 + 9 * 64 ** 2),
      [
        ["direct vec4", 21.9],
        ["implicit gemm", 19.4],
      ],
    ],
    [
      "conv2d 3×3 gradient of weights N8 28² 32→64",
      2 * 9 * 8 * 28 ** 2 * 32 * 64,
      4 * 8 * 28 ** 2 * 96,
      [
        ["by position", 36],
        ["by tile", 31],
      ],
    ],
    [
      "max pool 2×2 N8 56² 64",
      0,
      4 * 8 * 56 ** 2 * 64 * 1.25,
      [
        ["vec4", 1.02],
        ["scalar", 1.9],
      ],
    ],
    [
      "softmax rows [4096, 256]",
      5 * 4096 * 256,
      8 * 4096 * 256,
      [
        ["subgroups", 0.83],
        ["workgroup", 1.27],
      ],
    ],
    [
      "rnn walk T128 B16 H128",
      128 * 16 * 2 * 128 * 128,
      4 * 128 * 16 * 128 * 2,
      [
        ["resident", 9.8],
        ["steps", 44],
      ],
    ],
  ];
  return [
    ...variants.flatMap(([name, flops, bytes, subjects]) =>
      subjects.map(
        ([subject, ms], i): BenchResult => ({
          suite: "kernels",
          name,
          subject,
          chosen: i === 0,
          check: right,
          ...timed(ms),
          ...(flops > 0 ? { flops } : {}),
          bytes,
          dispatches: 1,
          submits: 1,
        }),
      ),
    ),
    {
      suite: "kernels",
      name: "softmax rows [4096, 256]",
      subject: "planted fault",
      chosen: false,
      check: {
        ok: false,
        against: "reference",
        error: 812,
        message: "y[17, 3] is 0.2504, the reference says 0.0039: 812 times what is allowed",
      },
    },
  ];
}

function layers(timed: Timed): BenchResult[] {
  const rows: readonly (readonly [string, number, number, number, number])[] = [
    ["dense 256→128 B64", 0.61, 2 * 64 * 256 * 128, 4 * (64 * 384 + 256 * 128), 1],
    ["tanh RNN forward T128 B16 I64 H128", 11.4, 128 * 16 * 2 * 128 * 192, 4 * 128 * 16 * 192, 2],
    ["tanh RNN forward T64 B1 I32 H32", 0.55, 64 * 2 * 32 * 64, 4 * 64 * 64, 2],
    ["conv2d + ReLU + pool N8 28² 32→64", 18.3, 2 * 9 * 8 * 28 ** 2 * 32 * 64, 4 * 8 * 28 ** 2 * 96, 2],
    ["batch norm N8 28² 64", 1.7, 8 * 28 ** 2 * 64 * 6, 4 * 8 * 28 ** 2 * 64 * 2, 3],
  ];
  return rows.map(([name, ms, flops, bytes, dispatches]) => ({
    suite: "layers",
    name,
    subject: "unroll",
    check: right,
    ...timed(ms),
    flops,
    bytes,
    dispatches,
    submits: 1,
  }));
}

function models(timed: Timed): BenchResult[] {
  return (
    [
      ["character RNN training step V64 H128 T64 B32", 58, 24],
      ["tanh RNN training step T32 B16 I32 H64 O32", 6.1, 14],
      ["tanh RNN training step T512 B16 I64 H128 O64", 262, 14],
      ["LeNet training step B64", 96, 31],
    ] as const
  ).map(([name, ms, dispatches]) => ({
    suite: "models",
    name,
    subject: "unroll",
    check: right,
    wall: timed(ms, 0).wall,
    dispatches,
    submits: 1,
  }));
}

function peers(timed: Timed): BenchResult[] {
  const by = (against: "unroll" | "reference" = "unroll") => ({ ok: true, against, error: 0.4 }) as const;
  const row = (name: string, subject: string, ms: number, dispatches?: number, submits?: number): BenchResult => ({
    suite: "peers",
    name,
    subject,
    check: by(subject === "unroll" ? "reference" : "unroll"),
    wall: timed(ms, 0).wall,
    dispatches,
    submits,
  });
  const without = (name: string, subject: string, missing: string): BenchResult => ({
    suite: "peers",
    name,
    subject,
    check: { ok: false, against: "none" },
    missing,
  });
  const step = "tanh RNN training step T128 B16 I64 H128 O64";
  const pool = "max pool gradient N8 56² 64";
  return [
    row("matmul 512", "unroll", 18, 1, 1),
    row("matmul 512", "jax-js", 100, 1, 1),
    row("matmul 512", "TF.js WebGPU", 404, 1, 1),
    row("matmul 512", "ORT Web WebGPU", 411, 1, 1),
    row(step, "unroll", 74, 14, 1),
    row(step, "jax-js", 792, 2275, 2275),
    row(step, "TF.js WebGPU", 2166, 1622, 109),
    without(step, "ORT Web WebGPU", "it cannot train"),
    row(pool, "unroll", 9, 1, 1),
    row(pool, "jax-js", 110, 6, 6),
    {
      suite: "peers",
      name: pool,
      subject: "TF.js WASM",
      check: {
        ok: false,
        against: "unroll",
        error: 40_000,
        message: "its gradient goes to every maximum of a window, and not to the first",
      },
    },
  ];
}

function starts(speed: number): BenchResult[] {
  const names = ["module", "device", "pipelines", "first result"];
  const start = (subject: string, ms: readonly number[], shippedBytes: number): BenchResult => ({
    suite: "start",
    name: "LeNet, cold start to the first result",
    subject,
    check: { ok: true, against: subject === "unroll" ? "reference" : "unroll", error: 0.3 },
    parts: names.map((name, i) => ({ name, ms: ms[i] * speed })),
    shippedBytes,
  });
  return [
    start("unroll", [38, 61, 212, 84], 41_000),
    start("jax-js", [160, 75, 890, 264], 101_000),
    start("TF.js WebGPU", [310, 98, 5900, 515], 117_000),
  ];
}
