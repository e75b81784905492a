// The API, as the browser reaches it. The address is written into this file when the front end is built.
const api: string = import.meta.env.VITE_API_URL;

export type Queue = 'ai' | 'sms' | 'grocery';

export interface Task {
  id: string;
  queue: Queue;
  text: string;
  state: 'waiting' | 'running' | 'done' | 'failed';
}

export function tasks(): Promise<Task[]> {
  return asked('GET', '/tasks');
}

export function ask(queue: Queue, text: string): Promise<Task> {
  return asked('POST', '/tasks', { queue, text });
}

async function asked<T>(method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(api + path, {
    method,
    headers: body ? { 'Content-Type': 'application/json' } : {},
    body: body && JSON.stringify(body),
  });
  if (!response.ok) {
    throw new Error(`${method} ${path}: ${response.status}`);
  }
  return response.json();
}
