"use client";

import { type FormEvent, useState } from "react";

// As a browser sees them: part of the scripts since the build.
const AUTH = process.env.NEXT_PUBLIC_AUTH_URL;
const API = process.env.NEXT_PUBLIC_API_URL;
const AGENT = process.env.NEXT_PUBLIC_AI_AGENT_URL;
const DOMAIN = process.env.NEXT_PUBLIC_DOMAIN_KEY;
const MEASUREMENT = process.env.NEXT_PUBLIC_GA_MEASUREMENT_ID;

async function post(url: string, body: object, token = ""): Promise<Record<string, string>> {
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  return response.json();
}

export function Chat() {
  const [token, setToken] = useState("");
  const [said, setSaid] = useState<string[]>([]);

  async function act(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>;
    try {
      if (!token) {
        const { token: given = "" } = await post(`${AUTH}/sign-in`, form);
        setToken(given);
        return;
      }
      const { answer = "" } = await post(`${AGENT}/chat`, form, token);
      setSaid([...said, answer]);
    } catch (error) {
      setSaid([...said, String(error)]);
    }
  }

  async function list() {
    const response = await fetch(`${API}/notes`, { headers: { authorization: `Bearer ${token}` } });
    setSaid([...said, ...(await response.json())]);
  }

  return (
    <form onSubmit={act} data-domain={DOMAIN} data-measurement={MEASUREMENT}>
      {token ? (
        <input name="text" placeholder="remember …, recall, or ask" required />
      ) : (
        <>
          <input name="email" type="email" autoComplete="username" required />
          <input name="password" type="password" autoComplete="current-password" minLength={8} required />
        </>
      )}
      <button type="submit">{token ? "Say" : "Sign in"}</button>
      {token && (
        <button type="button" onClick={list}>
          My notes
        </button>
      )}
      {said.map((text, index) => (
        <p key={index}>{text}</p>
      ))}
    </form>
  );
}
