import { Chat } from "./chat";

// What answers, as this server sees it, at each request.
export const dynamic = "force-dynamic";

const SERVICES = {
  "auth-server": process.env.INTERNAL_AUTH_URL,
  backend: process.env.INTERNAL_API_URL,
  agent: process.env.INTERNAL_AI_AGENT_URL,
};

async function isWell(url: string | undefined): Promise<boolean> {
  try {
    return (await fetch(`${url}/health`, { cache: "no-store", signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}

export default async function Page() {
  const services = await Promise.all(
    Object.entries(SERVICES).map(async ([name, url]) => ({ name, well: await isWell(url) })),
  );
  return (
    <main>
      <h1>Agent</h1>
      <ul>
        {services.map(({ name, well }) => (
          <li key={name}>{`${name}: ${well ? "well" : "away"}`}</li>
        ))}
      </ul>
      <Chat />
    </main>
  );
}
