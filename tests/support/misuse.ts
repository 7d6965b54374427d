type Api = typeof import("../../src/index.ts");

/** What calls are made of. */
export interface Misuse {
  /** By name: the function, and arguments that are right. */
  readonly table: Readonly<Record<string, readonly [unknown, readonly unknown[]]>>;
  /** What comes instead of each. */
  readonly garbage: readonly (readonly [string, unknown])[];
}

/**
 * Every function that the package exports, and methods of what they return, each with arguments that are right.
 * @param another makes a further engine of the same kind, for what disposes its engine
 */
export async function misuse(
  api: Api,
  engine: Api["Engine"]["prototype"],
  another = () => api.Engine.create({ reference: true }),
): Promise<Misuse> {
  const {
    Engine,
    input,
    variable,
    matmul,
    sum,
    mul,
    gradient,
    compile,
    kernel,
    read,
    write,
    sequential,
    dense,
    rnnLayer,
    createTrainer,
    crossEntropy,
    adam,
    sgd,
    tanhActivation,
  } = api;
  const x = input([2, 3]),
    a = input([2, 3]),
    cube = input([4, 2, 3]),
    tok = input([4, 2], "u32");
  const w = variable("w", [3, 4]);
  const y = matmul(x, w);
  const loss = sum(mul(y, y));
  const g = gradient(loss, [w]);
  const program = await compile(engine, { inputs: { x }, outputs: { loss, y } });
  const k = kernel({
    name: "double",
    wgsl: "",
    bindings: { a: read("f32"), b: write("f32") },
    params: { size: "u32" },
    reference({ a, b }) {
      b.set(a.map((z) => 2 * z));
    },
  });
  const model = sequential(dense({ units: 2 }));
  const trainer = await createTrainer(engine, sequential(rnnLayer({ units: 4, vocabulary: 5 }), dense({ units: 5 })), {
    input: [3],
    batch: 2,
    loss: crossEntropy(),
    optimizer: adam(),
  });
  const named = { w: { dtype: "f32", shape: [3, 4], data: new Float32Array(12) } };
  const F32 = (n: number) => new Float32Array(n);
  const stream = await trainer.stream();
  const lossV = crossEntropy();
  const table: Record<string, [unknown, unknown[]]> = {};
  const put = (name: string, args: unknown[], f: unknown = (api as Record<string, unknown>)[name]) => {
    table[name] = [f, args];
  };
  for (const f of ["abs", "exp", "expm1", "log", "neg", "relu", "sigmoid", "sqrt", "square", "tanh", "copy", "flatten"]) put(f, [a]);
  for (const f of ["add", "sub", "mul", "div", "maximum", "minimum", "step", "pow"]) put(f, [a, f === "pow" ? 2 : a]);
  put("affine", [a, 2, 3]);
  put("clamp", [a, { min: 0, max: 1 }]);
  put("leakyRelu", [a, 0.1]);
  put("select", [a, a, a]);
  for (const f of ["sum", "mean", "max", "min", "prod", "normL1", "normL2", "logSum", "logSumExp", "sumOfSquares"])
    put(f, [a, { axes: [0], keepDimensions: true }]);
  put("softmax", [a, { axis: 1 }]);
  put("logSoftmax", [a, { axis: 1 }]);
  put("reshape", [a, [6]]);
  put("transpose", [a, [1, 0]]);
  put("slice", [a, [0, 0], [1, 1], [1, 1]]);
  put("pad", [a, [1, 1], [1, 1], { value: 0, inside: [0, 0] }]);
  put("concat", [[a, a], 0]);
  put("gather", [w, tok, { axis: 0 }]);
  put("oneHot", [tok, 5, { axis: 0, on: 1, off: 0 }]);
  for (const f of ["argmax", "argmin"]) put(f, [a, { axis: 0, keepDimensions: true }]);
  put("topKAccuracy", [a, input([2], "i32"), 2, { axis: 1, mask: input([2]), ignoreIndex: 1, reduction: "mean" }]);
  put("matmul", [a, w, { transposeA: false, transposeB: false, bias: input([4]), activation: tanhActivation }]);
  put("rnn", [cube, { U: input([3, 4]), W: input([4, 4]), b: input([4]), h0: input([2, 4]), activation: tanhActivation }]);
  put("meanSquaredError", [a, a, { mask: input([2]) }]);
  put("sumSquaredError", [a, a, { mask: input([2]) }]);
  put("squaredErrors", [a, a, { mask: input([2]) }]);
  put("softmaxCrossEntropy", [
    a,
    input([2], "i32"),
    { axis: 1, mask: input([2]), classWeights: input([3]), ignoreIndex: 1, labelSmoothing: 0.1, reduction: "mean" },
  ]);
  put("nllLoss", [a, input([2], "i32"), { axis: 1, mask: input([2]), classWeights: input([3]), ignoreIndex: 1, reduction: "mean" }]);
  put("randomUniform", [[2], { seed: 1, stream: 0 }]);
  put("randomNormal", [[2], { seed: 1, stream: 0 }]);
  put("dropout", [a, { rate: 0.1, seed: 1, stream: 0 }]);
  put("input", [[2], "f32"]);
  put("constant", [[1, 2], [2], "f32"]);
  put("variable", ["n", [2], api.zeros(), "f32"]);
  put("runCounter", []);
  put("gradient", [loss, [w]]);
  put("clipNorm", [g, 1]);
  put("clipNormInf", [g, 1]);
  put("clipValue", [g, 1]);
  put("sgd", [{ learningRate: 0.1, momentum: 0.1, dampening: 0.0, nesterov: false, weightDecay: 0.1 }]);
  put("adam", [{ learningRate: 0.1, beta1: 0.1, beta2: 0.1, epsilon: 1e-8, weightDecay: 0.1 }]);
  put("adamw", [{ learningRate: 0.1, beta1: 0.1, beta2: 0.1, epsilon: 1e-8, weightDecay: 0.1 }]);
  put("rmsprop", [{ learningRate: 0.1, alpha: 0.1, epsilon: 1e-8, weightDecay: 0.1, momentum: 0.1, centered: true }]);
  put("sgd()", [g], sgd({ learningRate: 1 }));
  put("assign", [w, w]);
  put("compile", [engine, { inputs: { x }, outputs: { y }, updates: [], label: "p" }]);
  put("evaluate", [
    [y],
    new Map<unknown, unknown>([
      [x, F32(6)],
      [w, F32(12)],
    ]),
  ]);
  put("load", [engine, named]);
  put("save", [engine]);
  put("encodeSafetensors", [named, { m: "x" }]);
  put("decodeSafetensors", [api.encodeSafetensors(named as never)]);
  put("kernel", [
    {
      name: "k",
      wgsl: "",
      bindings: { a: read("f32") },
      params: { size: "u32" },
      workgroups: () => [1, 1, 1],
      cost: () => ({ flops: 0, bytes: 0 }),
      reference: () => {},
      tolerance: 1e-5,
    },
  ]);
  put("read", ["f32"]);
  put("write", ["f32"]);
  put("readWrite", ["f32"]);
  put("runKernel", [engine, k, { buffers: { a: F32(2), b: 2 }, params: { size: 2 } }]);
  put("verifyKernel", [engine, k, { buffers: { a: F32(2), b: 2 }, params: { size: 2 } }]);
  put("report", [program]);
  put("formatReport", [
    { label: "x", adapter: engine.adapter, dispatches: [], slots: [], peakBytes: 0, boundBytes: 0, total: { flops: 0, bytes: 0 } },
  ]);
  put("verify", [program, { x: F32(6) }]);
  put("formatAdapter", [engine.adapter]);
  put("foldGrid", [5]);
  put("leakyReluActivation", [0.1]);
  for (const f of ["zeros", "ones"]) put(f, []);
  put("fill", [1]);
  put("uniform", [{ min: 0, max: 1 }]);
  put("normal", [{ mean: 0, std: 1 }]);
  for (const f of ["glorot", "glorotNormal", "he", "heNormal", "orthogonal"]) put(f, [{ gain: 1 }]);
  put("torchUniform", [{ fan: 3 }]);
  put("dense", [{ units: 2, activation: tanhActivation, bias: true, initializer: api.zeros() }]);
  put("embedding", [{ vocabulary: 3, units: 2, initializer: api.zeros() }]);
  put("rnnLayer", [
    {
      units: 2,
      vocabulary: 3,
      activation: tanhActivation,
      lastOnly: true,
      inputInitializer: api.zeros(),
      recurrentInitializer: api.zeros(),
    },
  ]);
  put("dropoutLayer", [{ rate: 0.1 }]);
  put("lambda", [(q: unknown) => q, "n"]);
  put("crossEntropy", [{ target: "indices", reduction: "mean", classWeights: input([3]), ignoreIndex: 1, labelSmoothing: 0.1 }]);
  put("squaredError", [{ reduction: "mean" }]);
  put("sequential", [dense({ units: 2 })]);
  put("createTrainer", [
    engine,
    model,
    { input: [3], batch: 2, loss: api.squaredError(), optimizer: adam(), clipNorm: 1, seed: 0, name: "model" },
  ]);
  const exportable = { input: [3], batch: 2, loss: api.squaredError(), optimizer: adam(), clipNorm: 1, seed: 0, name: "exported" };
  put("exportTrainer", [
    sequential(dense({ units: 2 })),
    { ...exportable, batches: { step: [2], predict: [1], evaluate: [] }, devices: ["hardware"] },
  ]);
  put("loadTrainer", [engine, await api.exportTrainer(sequential(dense({ units: 2 })), exportable), { seed: 1 }]);
  put("createRecoveringTrainer", [
    {
      trainer: async (engine: Api["Engine"]["prototype"]) =>
        createTrainer(engine, sequential(dense({ units: 2 })), { input: [3], batch: 2, loss: api.squaredError(), optimizer: adam() }),
      engine: another,
      checkpoints: api.memoryCheckpoints(),
      every: 10,
      keptBytes: 1e6,
      limits: { youngMs: 1, youngDeaths: 3, firstDelayMs: 1, refusedMs: 1 },
      onLost: () => {},
      onRecovered: () => {},
    },
  ]);
  put("memoryCheckpoints", []);
  put("fileCheckpoints", ["checkpoint.safetensors"]);
  put("exportProgram", [{ inputs: { x }, outputs: { y }, label: "exported", devices: ["software"] }]);
  put("loadProgram", [engine, await api.exportProgram({ inputs: { x }, outputs: { y } })]);
  put("apply", [{ name: "o", shape: () => [] }, [], {}]);
  put("applyOne", [{ name: "o", shape: () => [{ dtype: "f32", shape: [] }] }, [], {}]);
  put(
    "Engine.create",
    [{ reference: true, seed: 1, selfTest: true, traits: {}, defaultLimits: true, powerPreference: "low-power" }],
    Engine.create,
  );
  put("engine.read", [w], engine.read.bind(engine));
  put("engine.write", [w, F32(12)], engine.write.bind(engine));
  put("program.run", [{ x: F32(6) }, { read: ["y"] }], program.run.bind(program));
  put("trainer.step", [new Uint32Array(6), new Uint32Array(6), { read: true }], trainer.step.bind(trainer));
  put("trainer.predict", [new Uint32Array(6)], trainer.predict.bind(trainer));
  put("trainer.evaluate", [[[new Uint32Array(6), new Uint32Array(6)]]], trainer.evaluate.bind(trainer));
  put("trainer.epoch", [[[new Uint32Array(6), new Uint32Array(6)]]], trainer.epoch.bind(trainer));
  put(
    "trainer.load",
    [{ "trainer/runs": { dtype: "u32", shape: [1], data: Uint32Array.of(3) } }, { partial: true }],
    trainer.load.bind(trainer),
  );
  put("trainer.stream", [{ batch: 1 }], trainer.stream.bind(trainer));
  put("stream.next", [new Uint32Array(1)], stream.next.bind(stream));
  put("model.apply", [input([2, 3]), { training: true }], sequential(dense({ units: 2 })).apply.bind(sequential(dense({ units: 2 }))));
  put("gradients.of", [w], g.of.bind(g));
  put("loss.apply", [a, input([2], "i32"), input([2])], lossV.apply);

  const images = input([2, 6, 6, 4]);
  const channels = input([4]);
  const window = { stride: 1, dilation: 1, padding: 0 };
  put("conv2d", [images, input([3, 3, 4, 2]), { ...window, groups: 1, bias: input([2]), activation: tanhActivation }]);
  put("conv1d", [input([2, 6, 4]), input([3, 4, 2]), { ...window, groups: 1, bias: input([2]), activation: tanhActivation }]);
  put("convTranspose2d", [
    images,
    input([3, 3, 2, 4]),
    { ...window, stride: 2, outputPadding: 1, groups: 1, bias: input([2]), activation: tanhActivation },
  ]);
  for (const f of ["maxPool2d", "maxPool2dWithIndices"]) put(f, [images, { ...window, size: 2, ceilMode: true }]);
  put("averagePool2d", [images, { ...window, size: 2, ceilMode: true, countIncludePad: true, divisorOverride: 3 }]);
  put("lpPool2d", [images, { ...window, size: 2, ceilMode: true, p: 2 }]);
  put("maxUnpool2d", [images, input([2, 6, 6, 4], "i32"), { size: 2, stride: 2, outputSize: [12, 12] }]);
  const rows = input([2, 6, 4]);
  for (const f of ["maxPool1d", "maxPool1dWithIndices"]) put(f, [rows, { ...window, size: 2, ceilMode: true }]);
  put("averagePool1d", [rows, { ...window, size: 2, ceilMode: true, countIncludePad: true, divisorOverride: 3 }]);
  put("lpPool1d", [rows, { ...window, size: 2, ceilMode: true, p: 2 }]);
  put("maxUnpool1d", [rows, input([2, 6, 4], "i32"), { size: 2, stride: 2, outputSize: 12 }]);
  put("layerNorm", [images, { scale: channels, bias: channels, axis: -1, epsilon: 1e-5 }]);
  for (const f of ["globalAveragePool2d", "globalMaxPool2d"]) put(f, [images]);
  put("globalLpPool2d", [images, { p: 2 }]);
  for (const f of ["maxout", "maxoutWithIndices"]) put(f, [images, { size: 2 }]);
  put("batchNormTrain", [images, channels, channels, { epsilon: 1e-5 }]);
  put("batchNormInference", [images, channels, channels, channels, channels, { epsilon: 1e-5 }]);
  put("resize2d", [images, { size: [3, 3], mode: "nearest", coordinates: "asymmetric", rounding: "floor" }]);
  put("conv2dLayer", [{ ...window, filters: 2, size: 3, groups: 1, activation: tanhActivation, bias: true, initializer: api.zeros() }]);
  put("maxPoolLayer", [{ ...window, size: 2, ceilMode: true }]);
  put("averagePoolLayer", [{ ...window, size: 2, ceilMode: true, countIncludePad: true, divisorOverride: 3 }]);
  put("globalAveragePoolLayer", []);
  put("maxoutLayer", [{ size: 2 }]);
  put("flattenLayer", []);
  put("reshapeLayer", [[3, 2]]);
  const filters = { filters: 2, groups: 1, activation: tanhActivation, bias: true, initializer: api.zeros() };
  put("conv1dLayer", [{ ...window, ...filters, size: 3 }]);
  put("convTranspose2dLayer", [{ ...window, ...filters, size: 3, stride: 2, outputPadding: 1 }]);
  put("lpPoolLayer", [{ ...window, size: 2, ceilMode: true, p: 2 }]);
  put("maxPool1dLayer", [{ ...window, size: 2, ceilMode: true }]);
  put("averagePool1dLayer", [{ ...window, size: 2, ceilMode: true, countIncludePad: true, divisorOverride: 3 }]);
  put("lpPool1dLayer", [{ ...window, size: 2, ceilMode: true, p: 2 }]);
  put("globalMaxPoolLayer", []);
  put("globalLpPoolLayer", [{ p: 2 }]);
  put("resizeLayer", [{ size: [3, 3], mode: "nearest", coordinates: "asymmetric", rounding: "floor" }]);
  put("activationLayer", [tanhActivation]);
  put("batchNormLayer", [{ momentum: 0.1, epsilon: 1e-5, scale: true, bias: true }]);
  put("layerNormLayer", [{ epsilon: 1e-5, scale: true, bias: true }]);
  put("summary", [sequential(dense({ units: 2 })), { input: [3], batch: 2 }]);
  put("formatSummary", [{ layers: [{ name: "a", output: [1], parameters: 1, flops: 1 }], parameters: 1, flops: 1 }]);

  const reading = {
    ...{ size: [2, 3], channels: 3, batch: 2, filter: "area", crop: { x: 0, y: 0, width: 2, height: 2 }, fit: "fill" },
    ...{ scale: 1, mean: [0, 0, 0], std: 1, background: [0, 0.5, 1] },
  };
  const picture = { data: new Uint8Array(4 * 12), width: 4, height: 3 };
  const imageReader = await api.createImageReader(engine, reading as never);
  put("createImageReader", [engine, reading]);
  // Pictures are objects like ImageData, which have more names.
  put(
    "reader.read",
    [Object.assign(Object.create(null), picture), { index: 1, crop: { x: 1, y: 1, width: 2, height: 2 }, tiles: [1, 1] }],
    imageReader.read.bind(imageReader),
  );
  const drawing = {
    shape: [2, 3, 4, 5],
    colors: api.viridis,
    range: [0, 1],
    tiles: "channels",
    columns: 2,
    gap: 1,
    zoom: 2,
    background: 0.5,
  };
  const imageWriter = await api.createImageWriter(engine, drawing as never);
  put("createImageWriter", [engine, drawing]);
  put("writer.pixels", [F32(120), { index: 1 }], imageWriter.pixels.bind(imageWriter));

  const garbage: readonly (readonly [string, unknown])[] = [
    ["undefined", undefined],
    ["null", null],
    ["NaN", Number.NaN],
    ["-1", -1],
    ["1.5", 1.5],
    ["Inf", Infinity],
    ["1e39", 1e39],
    ["'x'", "x"],
    ["{}", {}],
    ["[]", []],
    ["()=>0", () => 0],
    ["true", true],
    ["false", false],
    ["tensor", input([7, 7])],
    ["u32tensor", tok],
    ["f16", input([2, 3], "f16")],
    ["engine", engine],
    ["[NaN]", [Number.NaN]],
    ["[null]", [null]],
    ["F32(1)", F32(1)],
    ["{shape}", { shape: [2, 3], dtype: "f32" }],
    ["array[2]", new Array(2)],
  ];

  return { table, garbage };
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** Every wrong call next to a right one. */
export function* wrongCalls({ garbage }: Misuse, args: readonly unknown[]): Iterable<readonly [what: string, args: readonly unknown[]]> {
  yield ["no arguments", []];
  for (const [i, argument] of args.entries()) {
    const instead = (value: unknown) => args.map((arg, k) => (k === i ? value : arg));
    for (const [label, value] of garbage) {
      yield [`argument ${i} = ${label}`, instead(value)];
      if (isPlain(argument))
        for (const key of Object.keys(argument)) yield [`argument ${i}.${key} = ${label}`, instead({ ...argument, [key]: value })];
      if (Array.isArray(argument)) yield [`argument ${i}[0] = ${label}`, instead([value, ...argument.slice(1)])];
    }
    if (isPlain(argument)) yield [`argument ${i} with an unknown name`, instead({ ...argument, unknownName: 1 })];
  }
}

export async function outcome(work: () => unknown): Promise<unknown> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("still pending after 5 s")), 5000);
  });
  try {
    await Promise.race([(async () => work())(), tooLong]);
    return undefined;
  } catch (error) {
    return error;
  } finally {
    clearTimeout(timer);
  }
}
