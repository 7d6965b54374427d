import { conformance } from "./support/conformance.ts";
import { torchExceptions } from "./support/exceptions.ts";
import { loadTorch } from "./support/load-torch.ts";

conformance("torch", loadTorch(), torchExceptions);
