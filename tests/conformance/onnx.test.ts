import { conformance } from "./support/conformance.ts";
import { onnxExceptions } from "./support/exceptions.ts";
import { loadOnnx } from "./support/load-onnx.ts";

conformance("onnx", loadOnnx(), onnxExceptions);
