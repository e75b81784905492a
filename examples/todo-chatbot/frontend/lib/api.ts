// The API, as the browser reaches it: the address is written into this file when the image is built.
const api = process.env.NEXT_PUBLIC_API_URL;

export interface Todo {
  id: number;
  title: string;
  done: boolean;
}

export async function begin(): Promise<string> {
  const known = localStorage.getItem('session');
  if (known) {
    return known;
  }
  const { token } = await asked<{ token: string }>('/api/session', '', {});
  localStorage.setItem('session', token);
  return token;
}

export function todos(session: string): Promise<Todo[]> {
  return asked('/api/todos', session);
}

export function finish(session: string, id: number): Promise<Todo> {
  return asked(`/api/todos/${id}/done`, session, {});
}

export async function say(session: string, text: string): Promise<string> {
  const { reply } = await asked<{ reply: string }>('/api/chat', session, { text });
  return reply;
}

/** A request with a body is a POST. */
async function asked<T>(path: string, session: string, body?: object): Promise<T> {
  const headers: Record<string, string> = session ? { Authorization: `Bearer ${session}` } : {};
  if (body) {
    headers['Content-Type'] = 'application/json';
  }
  const response = await fetch(`${api}${path}`, {
    method: body ? 'POST' : 'GET',
    headers,
    body: body && JSON.stringify(body),
  });
  if (response.status === 401) {
    localStorage.removeItem('session');
  }
  if (!response.ok) {
    throw new Error(`${path}: ${response.status}`);
  }
  return response.json();
}
