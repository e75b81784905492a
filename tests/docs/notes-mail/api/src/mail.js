// Where mail goes, for whoever sends some.
const { hostname, port } = new URL(process.env.SMTP_URL);

export const server = { host: hostname, port: Number(port) };
