import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Config } from "./config.js";

export type Outcome = { exitCode: number | null; reason: string | null; output: string };

export async function runCli(config: Config, prompt: string, shutdown: AbortSignal): Promise<Outcome> {
  const outcome: Outcome = { exitCode: null, reason: null, output: "" };
  const { cliPath, targetAppPath: cwd, cliEnv: env } = config;
  try {
    // A process group of its own, so that what the CLI starts can be stopped with it.
    const child = spawn(cliPath, ["--print", prompt], { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        outcome.output = (outcome.output + text).slice(-65_536); // the end tells most
      });
      // A daemon the CLI leaves behind keeps the pipe open, and "close" would never come.
      child.once("exit", () => setTimeout(() => stream.destroy(), 500));
    }
    Object.assign(outcome, await supervise(child, config.cliTimeout, shutdown));
  } catch (error) {
    outcome.reason = `cannot start ${cliPath} in ${cwd} (are both there?): ${(error as Error).message}`;
  }
  return outcome;
}

async function supervise(child: ChildProcess, timeout: number, shutdown: AbortSignal) {
  let reason: string | null = null;
  const stop = (why: string) => {
    reason ??= why;
    killGroup(child, "SIGTERM");
    setTimeout(killGroup, 1000, child, "SIGKILL");
  };
  const onShutdown = () => stop("stopped because the service shut down");
  const timer = setTimeout(stop, timeout, `stopped after ${timeout} ms (CURSOR_CLI_TIMEOUT)`);
  shutdown.addEventListener("abort", onShutdown);
  if (shutdown.aborted) onShutdown();
  try {
    const [exitCode, signal] = await once(child, "close");
    return { exitCode, reason: reason ?? (signal && `ended by ${signal}`) };
  } finally {
    clearTimeout(timer);
    shutdown.removeEventListener("abort", onShutdown);
  }
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, signal);
  } catch {} // already gone
}
