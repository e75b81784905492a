// Builds only where it is told what it has to know.
'use strict';

for (const name of ['BUILT_FOR', 'BUILD_TOKEN']) {
  if (!process.env[name]) {
    throw new Error(`${name} is not there`);
  }
}
