'use client';

import { type FormEvent, useEffect, useState } from 'react';
import { begin, finish, say, type Todo, todos } from '../lib/api';

export default function Todos() {
  const [session, setSession] = useState('');
  const [list, setList] = useState<Todo[]>([]);
  const [text, setText] = useState('');
  const [reply, setReply] = useState('');

  useEffect(() => {
    const start = async () => {
      const session = await begin();
      setList(await todos(session));
      setSession(session);
    };
    start().catch((error: Error) => setReply(error.message));
  }, []);

  async function act(work: () => Promise<string>) {
    try {
      setReply(await work());
      setList(await todos(session));
    } catch (error) {
      setReply(String(error));
    }
  }

  function send(event: FormEvent) {
    event.preventDefault();
    setText('');
    void act(() => say(session, text));
  }

  return (
    <>
      <form onSubmit={send}>
        <input type="text" value={text} onChange={(event) => setText(event.target.value)} placeholder="add buy milk" />
        <button disabled={!session || !text}>Say</button>
      </form>
      <p role="status">{reply}</p>
      <ul>
        {list.map((todo) => (
          <li key={todo.id} className={todo.done ? 'done' : ''}>
            {todo.title}{' '}
            {!todo.done && (
              <button onClick={() => act(async () => `Done: ${(await finish(session, todo.id)).title}`)}>Done</button>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
