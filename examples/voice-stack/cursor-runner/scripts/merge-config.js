// Runs before the service: gives the target application a Cursor configuration, keeping what it already says.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const COMMANDS = {
  rails: ["Shell(bundle)", "Shell(rails)", "Shell(rake)"],
  node: ["Shell(node)", "Shell(npm)"],
};

function fail(message) {
  console.error(`merge-config: ${message}`);
  process.exit(1);
}

function defaults(type) {
  return {
    permissions: {
      allow: ["Read(**)", "Write(**)", "Shell(git)", ...(COMMANDS[type] ?? [])],
      deny: ["Read(.env*)", "Write(.env*)", "Write(.git/**)"],
    },
  };
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

function merge(base, own) {
  if (!isObject(base) || !isObject(own)) return own;
  const merged = { ...base };
  for (const [key, value] of Object.entries(own)) merged[key] = merge(base[key], value);
  return merged;
}

function readExisting(file) {
  let text;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return {};
    return fail(`cannot read ${file}: ${error.code}`);
  }
  try {
    const value = JSON.parse(text);
    return isObject(value) ? value : fail(`${file} is not a JSON object; correct or remove it`);
  } catch (error) {
    return fail(`${file} is not JSON (${error.message}); correct or remove it`);
  }
}

function makeDirectory(directory) {
  try {
    mkdirSync(directory);
  } catch (error) {
    if (error.code === "ENOENT") fail(`TARGET_APP_PATH does not exist, so ${directory} cannot be made`);
    if (error.code !== "EEXIST") fail(`cannot make ${directory}: ${error.code}${writableHint(error)}`);
  }
}

function writeAtomically(file, text) {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, text);
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    fail(`cannot write ${file}: ${error.code}${writableHint(error)}`);
  }
}

function writableHint(error) {
  const denied = ["EACCES", "EPERM", "EROFS"].includes(error.code);
  return denied ? `, the directory is not writable for user ${process.getuid()}` : "";
}

const target = process.env.TARGET_APP_PATH;
if (!target) fail("TARGET_APP_PATH is missing");
const directory = join(target, ".cursor");
const file = join(directory, "cli.json");
const existing = readExisting(file);
makeDirectory(directory);
writeAtomically(file, `${JSON.stringify(merge(defaults(process.env.TARGET_APP_TYPE), existing), null, 2)}\n`);
console.log(`merge-config: ${file} is up to date`);
