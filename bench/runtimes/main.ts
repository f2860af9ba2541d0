// What each runtime executes: runs the shared program and prints its report as JSON.
import { program } from "./program.ts";

declare const document: { readonly title: string } | undefined;

const report = JSON.stringify(await program());
if (typeof document === "undefined") console.log(report);
// A browser has no standard output: the page sends its report to the server that it came from.
else await fetch("/report", { method: "POST", body: report });
