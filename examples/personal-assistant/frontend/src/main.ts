// The page: what was asked for, and how far it has come.
import { ask, type Queue, type Task, tasks } from './api';
import './style.css';

const INTERVAL = 2000; // milliseconds between two looks at the tasks

const form = found<HTMLFormElement>('form');
const list = found<HTMLUListElement>('ul');
const status = found<HTMLParagraphElement>('[role=status]');

function found<T extends Element>(selector: string): T {
  const element = document.querySelector<T>(selector);
  if (!element) {
    throw new Error(`the page has no ${selector}`);
  }
  return element;
}

function item(task: Task): HTMLLIElement {
  const line = document.createElement('li');
  line.className = task.state;
  line.textContent = `${task.text} (${task.queue}, ${task.state})`;
  return line;
}

async function show(): Promise<void> {
  try {
    list.replaceChildren(...(await tasks()).map(item));
    status.textContent = '';
  } catch (error) {
    status.textContent = `The assistant does not answer: ${error}`;
  }
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const entered = new FormData(form);
  try {
    await ask(entered.get('queue') as Queue, String(entered.get('text')));
    form.reset();
  } catch (error) {
    status.textContent = String(error);
    return;
  }
  await show();
});

await show();
setInterval(show, INTERVAL);
