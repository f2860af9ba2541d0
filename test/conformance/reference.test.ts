// The conformance suite on the reference engine.
import { referenceEngine } from "../../ts/engine/reference.ts";
import { suite } from "./suite.ts";

suite("reference engine", referenceEngine);
