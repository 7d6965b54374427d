/**
 * Unroll: recurrent and convolutional networks on the GPU of any browser. Three levels, each usable alone: kernels, graphs of ops,
 * models.
 */
export { type ErrorCode, UnrollError } from "./errors.ts";
export { type AdapterDescription, formatAdapter } from "./gpu/device.ts";
export {
  type Access,
  type Binding,
  type Bindings,
  type Cost,
  type Kernel,
  type KernelCall,
  type KernelSpec,
  type Params,
  read,
  readWrite,
  type Workgroups,
  write,
} from "./graph/kernel.ts";
export type { Activation, Call, DeviceTraits, Dispatch, Fused, GradientContext, Lowering, Op, Operand, Variant } from "./graph/op.ts";
export {
  apply,
  applyOne,
  constant,
  type F32,
  type Initializer,
  input,
  type Node,
  type RandomSource,
  runCounter,
  type Source,
  Tensor,
  Variable,
  variable,
} from "./graph/tensor.ts";
export type { Broadcast, DType, HostArray, HostArrays, NamedArray, Rank, Shape, TensorType } from "./graph/types.ts";
export { assign, type Clip, Gradients, type Optimizer, type Update } from "./graph/update.ts";
export { kernel } from "./graph/user-kernel.ts";
export * from "./io/image/index.ts";
export {
  type DecodeSafetensorsOptions,
  decodeSafetensors,
  encodeSafetensors,
  type FileArray,
  type FileArrays,
  type FileDType,
  type NameFilter,
  type Safetensors,
} from "./io/safetensors/index.ts";
export { type ExportBatches, type ExportTrainerOptions, exportTrainer } from "./nn/export-trainer.ts";
export * from "./nn/initializers.ts";
export type { Carry, Layer, LayerContext } from "./nn/layer.ts";
export { activationLayer } from "./nn/layers/activation.ts";
export {
  type Conv1dLayerOptions,
  type Conv2dLayerOptions,
  conv1dLayer,
  conv2dLayer,
  type FilterOptions,
} from "./nn/layers/convolution.ts";
export { type ConvTranspose2dLayerOptions, convTranspose2dLayer } from "./nn/layers/convolution-transpose.ts";
export { type DenseOptions, dense } from "./nn/layers/dense.ts";
export { dropoutLayer, lambda } from "./nn/layers/dropout.ts";
export { type EmbeddingOptions, embedding } from "./nn/layers/embedding.ts";
export {
  type BatchNormLayerOptions,
  batchNormLayer,
  layerNormLayer,
  type NormLayerOptions,
} from "./nn/layers/normalization.ts";
export {
  averagePool1dLayer,
  averagePoolLayer,
  globalAveragePoolLayer,
  globalLpPoolLayer,
  globalMaxPoolLayer,
  lpPool1dLayer,
  lpPoolLayer,
  maxoutLayer,
  maxPool1dLayer,
  maxPoolLayer,
} from "./nn/layers/pooling.ts";
export { resizeLayer } from "./nn/layers/resize.ts";
export { type RnnLayerOptions, rnnLayer } from "./nn/layers/rnn.ts";
export { flattenLayer, reshapeLayer } from "./nn/layers/shape.ts";
export { type ExportedTrainer, LoadedTrainer, type LoadTrainerOptions, loadTrainer } from "./nn/loaded-trainer.ts";
export { type CrossEntropyLossOptions, crossEntropy, type Loss, type SquaredErrorLossOptions, squaredError } from "./nn/losses.ts";
export { type Applied, Model, sequential } from "./nn/model.ts";
export type { Stream } from "./nn/stream.ts";
export { formatSummary, type LayerSummary, type ModelSummary, type SummaryOptions, summary } from "./nn/summary.ts";
export { createTrainer, Trainer } from "./nn/trainer.ts";
export type { Examples, StepResult } from "./nn/trainer-base.ts";
export type { TrainerOptions } from "./nn/trainer-options.ts";
export { identityActivation, leakyReluActivation, reluActivation, sigmoidActivation, tanhActivation } from "./ops/activation.ts";
export { type ConvTranspose2dOptions, convTranspose2d } from "./ops/conv/conv-transpose.ts";
export { type Conv1dOptions, conv1d } from "./ops/conv/conv1d.ts";
export { type Conv2dOptions, conv2d } from "./ops/conv/conv2d.ts";
export { copy } from "./ops/copy.ts";
export { gather } from "./ops/gather/gather.ts";
export { type OneHotOptions, oneHot } from "./ops/gather/one-hot.ts";
export { foldGrid } from "./ops/grid.ts";
export { type CrossEntropyOptions, type Labels, type NllLossOptions, nllLoss, softmaxCrossEntropy } from "./ops/loss/classification.ts";
export type { Reduction } from "./ops/loss/common.ts";
export { meanSquaredError, type SquaredErrorOptions, squaredErrors, sumSquaredError } from "./ops/loss/squared-error.ts";
export { type MatmulOptions, matmul } from "./ops/matmul/matmul.ts";
export { type BatchNormResult, batchNormTrain } from "./ops/norm/batch-norm.ts";
export { batchNormInference, type NormOptions } from "./ops/norm/batch-norm-inference.ts";
export { type LayerNormOptions, type LayerNormResult, layerNorm, layerNormStatistics } from "./ops/norm/layer-norm.ts";
export {
  abs,
  add,
  affine,
  clamp,
  div,
  exp,
  expm1,
  leakyRelu,
  log,
  maximum,
  minimum,
  mul,
  neg,
  pow,
  relu,
  select,
  sigmoid,
  sqrt,
  square,
  step,
  sub,
  tanh,
} from "./ops/pointwise/index.ts";
export * from "./ops/pool/index.ts";
export { randomNormal, randomUniform } from "./ops/random/draw.ts";
export { type DropoutOptions, dropout } from "./ops/random/dropout.ts";
export * from "./ops/rank/index.ts";
export {
  logSum,
  logSumExp,
  max,
  mean,
  min,
  normL1,
  normL2,
  prod,
  type ReduceOptions,
  sum,
  sumOfSquares,
} from "./ops/reduce/index.ts";
export type { Coordinates, ResizeMode, Rounding } from "./ops/resize/line.ts";
export { type ResizeOptions, resize2d } from "./ops/resize/resize.ts";
export { type RnnOptions, type RnnResult, rnn } from "./ops/rnn/rnn.ts";
export { concat } from "./ops/shape/concat.ts";
export { pad } from "./ops/shape/pad.ts";
export { flatten, reshape } from "./ops/shape/reshape.ts";
export { slice } from "./ops/shape/slice.ts";
export { transpose } from "./ops/shape/transpose.ts";
export { logSoftmax, type SoftmaxOptions, softmax } from "./ops/softmax/index.ts";
export { type AdamOptions, adam, adamw } from "./ops/update/adam.ts";
export { clipNorm, clipNormInf, clipValue } from "./ops/update/clip.ts";
export { type RmspropOptions, rmsprop } from "./ops/update/rmsprop.ts";
export type { LearningRate, OptimizerRule } from "./ops/update/rule.ts";
export { type SgdOptions, sgd } from "./ops/update/sgd.ts";
export type { LoadOptions, LoadResult } from "./program/checkpoint.ts";
export { compile } from "./program/compile.ts";
export { Engine, type EngineOptions } from "./program/engine.ts";
export { evaluate } from "./program/evaluate.ts";
export { exportProgram } from "./program/exported/export-program.ts";
export type { DeviceKind, ExportOptions } from "./program/exported/format.ts";
export { type ExportedProgramFile, loadProgram } from "./program/exported/load-program.ts";
export { gradient } from "./program/gradient.ts";
export { type Located, outputBuffer, variableBuffer } from "./program/located.ts";
export type { Program, RunnableProgram } from "./program/program.ts";
export { type DispatchReport, formatReport, type ProgramReport, report } from "./program/report.ts";
export { type KernelInputs, type KernelResults, runKernel } from "./program/run-kernel.ts";
export { load, save } from "./program/save-load.ts";
export type { Batch, CompileSpec, Results, Tensors } from "./program/spec.ts";
export type { NamedArrays } from "./program/store.ts";
export * from "./recovery/index.ts";
export { type KernelCheck, verifyKernel } from "./verify/kernel.ts";
export { type NodeCheck, type ProgramCheck, verify } from "./verify/program.ts";
