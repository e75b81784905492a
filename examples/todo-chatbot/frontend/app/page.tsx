import Todos from './todos';

export default function Page() {
  return (
    <main>
      <h1>Todos</h1>
      <Todos />
    </main>
  );
}
