import { describe, expect, test } from "vitest";
import {
  activationLayer,
  batchNormLayer,
  conv1dLayer,
  conv2dLayer,
  convTranspose2dLayer,
  dense,
  flattenLayer,
  formatSummary,
  globalMaxPoolLayer,
  layerNormLayer,
  lpPoolLayer,
  maxPool1dLayer,
  maxPoolLayer,
  reluActivation,
  reshapeLayer,
  resizeLayer,
  sequential,
  summary,
} from "../../src/index.ts";

describe("summary", () => {
  const lenet = () =>
    sequential(
      conv2dLayer({ filters: 8, size: 5, activation: reluActivation }),
      maxPoolLayer({ size: 2 }),
      conv2dLayer({ filters: 16, size: 5, activation: reluActivation }),
      maxPoolLayer({ size: 2 }),
      flattenLayer(),
      dense({ units: 10 }),
    );

  test("tells shapes, parameters and FLOPs, and leaves the model alone", () => {
    const model = lenet();
    const { layers, parameters, flops } = summary(model, { input: [28, 28, 1], batch: 2 });
    expect(layers.map(({ name, output, parameters: n }) => [name, output, n])).toEqual([
      ["0.conv2d", [2, 24, 24, 8], 5 * 5 * 8 + 8],
      ["1.maxPool", [2, 12, 12, 8], 0],
      ["2.conv2d", [2, 8, 8, 16], 5 * 5 * 8 * 16 + 16],
      ["3.maxPool", [2, 4, 4, 16], 0],
      ["4.flatten", [2, 256], 0],
      ["5.dense", [2, 10], 256 * 10 + 10],
    ]);
    expect(parameters).toBe(5994);
    // Multiplications and additions of the products, and at most a tenth more for bias, activation and maxima.
    const products = [2 * 25 * 24 * 24 * 8 * 2, 2 * 25 * 8 * 8 * 8 * 16 * 2, 2 * 256 * 10 * 2];
    for (const [i, at] of [0, 2, 5].entries()) {
      expect(layers[at].flops).toBeGreaterThanOrEqual(products[i]);
      expect(layers[at].flops).toBeLessThan(1.1 * products[i]);
    }
    expect(layers[1].flops).toBeLessThan(0.1 * layers[0].flops);
    expect(flops).toBe(layers.reduce((sum, layer) => sum + layer.flops, 0));
    expect(model.variables).toEqual([]);
  });

  test("is right for every layer: shapes, parameters, statistics, FLOPs", () => {
    const model = sequential(
      conv2dLayer({ filters: 8, size: 3, padding: "same", bias: false }),
      batchNormLayer(),
      activationLayer(reluActivation),
      convTranspose2dLayer({ filters: 4, size: 2, stride: 2 }),
      layerNormLayer(),
      lpPoolLayer({ size: 2 }),
      resizeLayer({ scale: 2, mode: "bilinear" }),
      globalMaxPoolLayer(),
      reshapeLayer([4, 1]),
      conv1dLayer({ filters: 2, size: 3 }),
      maxPool1dLayer({ size: 2 }),
      flattenLayer(),
    );
    const { layers, parameters, statistics } = summary(model, { input: [6, 6, 3], batch: 2 });
    expect(layers.map((layer) => [layer.name, layer.output, layer.parameters, layer.statistics])).toEqual([
      ["0.conv2d", [2, 6, 6, 8], 9 * 3 * 8, 0],
      ["1.batchNorm", [2, 6, 6, 8], 16, 16],
      ["2.relu", [2, 6, 6, 8], 0, 0],
      ["3.convTranspose2d", [2, 12, 12, 4], 4 * 4 * 8 + 4, 0],
      ["4.layerNorm", [2, 12, 12, 4], 8, 0],
      ["5.lpPool", [2, 6, 6, 4], 0, 0],
      ["6.resize", [2, 12, 12, 4], 0, 0],
      ["7.globalMaxPool", [2, 1, 1, 4], 0, 0],
      ["8.reshape", [2, 4, 1], 0, 0],
      ["9.conv1d", [2, 2, 2], 3 * 2 + 2, 0],
      ["10.maxPool1d", [2, 1, 2], 0, 0],
      ["11.flatten", [2, 2], 0, 0],
    ]);
    expect([parameters, statistics]).toEqual([216 + 16 + 132 + 8 + 8, 16]);
    const flops = layers.map((layer) => layer.flops);
    expect(flops[0]).toBe(2 * 72 * 8 * 9 * 3);
    expect(flops[2]).toBe(72 * 8);
    // Each pixel that comes in meets each tap once.
    expect(flops[3]).toBeGreaterThanOrEqual(2 * 72 * 4 * 8 * 4);
    expect(flops[3]).toBeLessThan(1.1 * 2 * 72 * 4 * 8 * 4);
    expect(flops[9]).toBeGreaterThanOrEqual(2 * 2 * 2 * 3 * 2);
    for (const moving of [8, 11]) expect(flops[moving]).toBe(0);
  });

  test("is a table", () => {
    const table = formatSummary(summary(lenet(), { input: [28, 28, 1] }));
    expect(table.split("\n")).toHaveLength(8);
    expect(table).toMatch(/^2\.conv2d +f32\[1, 8, 8, 16\] +3,216 +\d\.\d{3}$/m);
  });

  test("refuses layers that do not fit", () => {
    expect(() => summary(lenet(), { input: [6, 6, 1] })).toThrow("does not fit into a plane");
    expect(() => summary(lenet(), { input: [28, 28, 1], batch: 0 })).toThrow("summary: batch must be a whole number above 0, not 0");
  });
});
