import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import type { Data } from "../data.ts";
import { CLIP_NORM, type Convolution, LEARNING_RATE, padding, type Work } from "../works.ts";
import { type Job, type Library, trained } from "./page.ts";
import { lenet, type Tensors, tensor, tensors } from "./tfjs-lenet.ts";

// Everything within tf.tidy and without reading anything. Gradients of single operations are the kernels themselves: tf.grads would
// compute the operation besides.

/** All works of TF.js on the backend that is set. `finish` waits for its device. */
export const tfjsLibrary = (finish: () => Promise<unknown>): Library => ({
  open: async (work, data) => (/training|character/.test(work.kind) ? training(work, data) : operation(work, data)),
  finish,
});

function operation(work: Work, { shared, sets }: Data): Job {
  const kept = tensors(shared);
  const inputs = sets.map((set) => prepared(work, tensors(set)));
  const start = (set: number): tf.Tensor[] => tf.tidy(() => outputsOf(work, { ...kept, ...inputs[set] }));
  return {
    run: (set) => tf.dispose(start(set)),
    async outputs() {
      const results = start(0);
      const names = work.kind === "conv gradients" ? ["dx", "dw"] : work.kind === "pool gradient" ? ["dx"] : ["y"];
      const values = await Promise.all(results.map((result) => result.data()));
      tf.dispose(results);
      return Object.fromEntries(names.map((name, i) => [name, values[i] as Float32Array]));
    },
    dispose: () => tf.dispose([kept, inputs] as never),
  };
}

/** The gradient of pooling takes the outputs of the forward pass, too. */
function prepared(work: Work, inputs: Tensors): Tensors {
  if (work.kind !== "pool gradient" || work.op !== "max") return inputs;
  return { ...inputs, y: tf.maxPool(inputs.x as tf.Tensor4D, 2, 2, "valid") };
}

function outputsOf(work: Work, tensors: Tensors): tf.Tensor[] {
  const { a, b, x, w, dy, y } = tensors;
  switch (work.kind) {
    case "matmul":
      return [tf.matMul(a, b)];
    case "conv": {
      const pad = padding(work.kernel);
      // Filters of a depthwise convolution are [height, width, channels, multiplier] here.
      if (work.groups > 1) return [tf.depthwiseConv2d(x as tf.Tensor4D, depthwise(work, w), work.stride, pad)];
      return [tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, work.stride, pad)];
    }
    case "conv gradients": {
      const attributes = { strides: work.stride, pad: padding(work.kernel), dataFormat: "NHWC", dimRoundingMode: undefined };
      return [
        tf.engine().runKernel(tf.Conv2DBackpropInput, { dy, filter: w }, { ...attributes, inputShape: x.shape } as never) as tf.Tensor,
        tf.engine().runKernel(tf.Conv2DBackpropFilter, { x, dy }, { ...attributes, filterShape: w.shape } as never) as tf.Tensor,
      ];
    }
    case "pool":
      return [(work.op === "max" ? tf.maxPool : tf.avgPool)(x as tf.Tensor4D, 2, 2, "valid")];
    case "pool gradient": {
      const attributes = { filterSize: 2, strides: 2, pad: "valid" };
      const own = work.op === "max" ? tf.engine().runKernel(tf.MaxPoolGrad, { dy, input: x, output: y }, attributes) : undefined;
      return [(own ?? tf.engine().runKernel(tf.AvgPoolGrad, { dy, input: x }, attributes)) as tf.Tensor];
    }
    case "rnn":
      return [states(x, tensors)];
    case "lenet":
      return [lenet(tensors)];
    default:
      throw new Error(`not known: ${work.kind}`);
  }
}

const depthwise = ({ kernel, to }: Convolution, w: tf.Tensor): tf.Tensor4D => tf.reshape(w, [kernel, kernel, to, 1]);

/** x [T, B, I] → [T, B, H]: one product for all inputs, then a loop. */
function states(x: tf.Tensor, { U, W, b }: Tensors): tf.Tensor {
  const [T, B, I] = x.shape;
  const xu = tf.fused.matMul({ a: tf.reshape(x, [T * B, I]), b: U, bias: b });
  const steps = tf.unstack(tf.reshape(xu, [T, B, W.shape[0]]));
  const all: tf.Tensor[] = [];
  for (const step of steps) {
    const before = all.at(-1);
    all.push(tf.tanh(before ? tf.add(step, tf.matMul(before, W)) : step));
  }
  return tf.stack(all);
}

function lossOf(work: Work, parameters: Tensors, { x, target, labels }: Tensors): tf.Scalar {
  const crossEntropy = (logits: tf.Tensor, classes: tf.Tensor) => {
    const likely = tf.mul(tf.logSoftmax(logits), tf.oneHot(tf.cast(classes, "int32"), logits.shape[1] as number));
    return tf.mul(tf.sum(likely), -1 / classes.size) as tf.Scalar;
  };
  if (work.kind === "lenet training") return crossEntropy(lenet({ ...parameters, x }), labels);
  const { V, c } = parameters;
  const [T, B] = x.shape;
  const rows = (h: tf.Tensor) => tf.fused.matMul({ a: tf.reshape(h, [T * B, V.shape[0]]), b: V, bias: c });
  if (work.kind === "rnn training") {
    const y = rows(states(x, parameters));
    return tf.mean(tf.squaredDifference(y, tf.reshape(target, y.shape))) as tf.Scalar;
  }
  const hot = tf.reshape(tf.oneHot(tf.reshape(x, [T * B]) as tf.Tensor1D, V.shape[1] as number), [T, B, V.shape[1] as number]);
  return crossEntropy(rows(states(tf.cast(hot, "float32"), parameters)), tf.reshape(target, [T * B]));
}

function training(work: Work, data: Data): Job {
  const parameters = Object.fromEntries(Object.entries(data.shared).map(([name, values]) => [name, tf.variable(tensor(values))]));
  const batches = data.sets.map(tensors);
  const variables = Object.values(parameters);
  const step = (set: number): tf.Scalar =>
    tf.tidy(() => {
      const { value, grads } = tf.variableGrads(() => lossOf(work, parameters, batches[set]), variables);
      const gradients = variables.map(({ name }) => grads[name]);
      const rate = work.kind === "lenet training" ? tf.scalar(LEARNING_RATE) : tf.mul(clipScale(gradients), LEARNING_RATE);
      variables.forEach((own, i) => {
        own.assign(tf.sub(own, tf.mul(gradients[i], rate)));
      });
      return value;
    });
  return {
    run: (set) => step(set).dispose(),
    outputs: () =>
      trained(
        data,
        async (set) => {
          const loss = step(set);
          const [value] = await loss.data();
          loss.dispose();
          return value;
        },
        async () => {
          const all = Object.entries(parameters).map(async ([name, own]) => [name, await own.data()] as const);
          return Object.fromEntries(await Promise.all(all)) as Record<string, ArrayLike<number>>;
        },
      ),
    dispose: () => tf.dispose([parameters, batches] as never),
  };
}

/** min(1, CLIP_NORM / ‖g‖) over all gradients. */
function clipScale(gradients: readonly tf.Tensor[]): tf.Tensor {
  const norm = tf.sqrt(tf.addN(gradients.map((g) => tf.sum(tf.square(g)))));
  return tf.minimum(1, tf.div(CLIP_NORM, norm));
}
