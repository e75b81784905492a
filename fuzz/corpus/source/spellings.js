const { A, B: b, C = "d" } = process.env;
const d = process.env["D"] ?? `x${process.env.E}` || /a\/[/]b/.test(process.env?.F);
export const env = createEnv({ server: { G: z.string().min(1), H: z.coerce.number().default(3) }, runtimeEnv: process.env });
if (!process.env.I) throw new Error("I"); // process.env.NOT
