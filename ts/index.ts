export { DisposedError, LlifError, type LlifErrorCode } from "./errors.ts";
