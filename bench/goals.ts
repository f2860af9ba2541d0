// The ratio that each row of the benchmark should reach.
import type { ResultRow } from "../ts/timing/case.ts";

/** The ratio that a row should reach, or undefined. Nothing fails if a goal is missed. */
export function goalOf({
  suite,
  case: name,
  contender,
}: Pick<ResultRow, "suite" | "case" | "contender">): number | undefined {
  const rate = name.includes("-rate-");
  const dense = name.startsWith("dense") || name.startsWith("mnist-mlp");
  if (name.startsWith("step-")) return undefined;
  if (suite === "reference" && contender === "reference") return rate ? (dense ? 15 : 10) : dense ? 25 : 15;
  if (suite === "native" && contender === "native-128") return 0.9;
  if (suite === "live") return liveGoal(name, contender);
  if (suite === "limit" && /^ceiling-[a-z0-9]+$/.test(contender)) return 0.85;
  if (suite === "dnn" && contender === "onnxruntime-web") return 1;
  if (suite === "growth" && contender === "one worker") return 1.9;
  if (suite === "peers" && !contender.startsWith("wasm") && !name.endsWith("-conversion"))
    return peerGoal(name, contender);
  return undefined;
}

function liveGoal(name: string, contender: string): number | undefined {
  if (contender === "plain TypeScript") return name.endsWith("-0.2hz") ? 4 : 8;
  if (contender === "native-128") return 0.85;
  if (contender === "annarchy") return 2;
  if (contender === "brian2 (Cython)") return 80;
  if (contender === "brian2 (C++)" && name.startsWith("cuba")) return 2;
  if (contender === "brian2 (C++)" && name.startsWith("brunel")) return 6;
  return undefined;
}

function peerGoal(name: string, contender: string): number | undefined {
  if (name.includes("decision")) return 30;
  if (!contender.startsWith("spikingjelly")) return 10;
  if (name.startsWith("dense")) return name.includes("a05") ? 10 : 5.5;
  if (name.startsWith("conv")) return name.includes("a05") ? 6 : 3.3;
  return 8;
}
