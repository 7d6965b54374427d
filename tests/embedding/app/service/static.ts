import * as unroll from "unroll-gpu/lean/static";
import { answer } from "./answer.ts";
import { lenet } from "./lenet.ts";

answer(() => lenet(unroll));
