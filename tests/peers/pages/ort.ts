import * as ort from "onnxruntime-web/webgpu";
import { type Ort, ortLibrary } from "./ort-library.ts";
import { serve } from "./page.ts";

serve(async () => ortLibrary(ort as unknown as Ort, "webgpu"));
