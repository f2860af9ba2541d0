// The table of the public API: each function with arguments that are right, and the kind of each.
import { networks } from "./rows/networks.ts";
import { engines } from "./rows/engines.ts";
import { mapping } from "./rows/mapping.ts";
import { formulas } from "./rows/formulas.ts";
import { files } from "./rows/files.ts";
import { analysis } from "./rows/analysis.ts";
import { live } from "./rows/live.ts";
import { learning } from "./rows/learning.ts";
import type { Row } from "./rows/shared.ts";

export type { Row };

export const rows: readonly Row[] = [
  ...networks,
  ...engines,
  ...mapping,
  ...formulas,
  ...files,
  ...analysis,
  ...learning,
  ...live,
];
