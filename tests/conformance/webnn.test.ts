import { conformance } from "./support/conformance.ts";
import { webnnExceptions } from "./support/exceptions.ts";
import { loadWebnn } from "./support/load-webnn.ts";

conformance("webnn", loadWebnn(), webnnExceptions);
