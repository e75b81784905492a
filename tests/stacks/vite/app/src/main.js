import ms from 'ms';

document.body.textContent = `${ms('1 day')} for ${import.meta.env.VITE_BUILT_FOR}`;
