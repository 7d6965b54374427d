import { conformance } from "./support/conformance.ts";
import { onnxExceptions, onnxRecurrentExceptions } from "./support/exceptions.ts";
import { loadOnnx } from "./support/load-onnx.ts";

conformance("onnx", loadOnnx(), onnxExceptions);
conformance("onnx", loadOnnx("onnx-recurrent"), onnxRecurrentExceptions, "onnx-recurrent");
