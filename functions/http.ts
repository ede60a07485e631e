import { app } from '@azure/functions';
import { NOT_FOUND, ROUTES } from '../shared/api/routes';
import { handlerOf, notFoundHandler } from './http-handler';

const authLevel = 'anonymous'; // a browser has no key: each route itself asks for a role

for (const route of ROUTES) {
  const { name, method, path } = route;
  app.http(name, {
    ...{ route: path.slice(1), methods: [method], authLevel },
    handler: handlerOf(route),
  });
}
app.http(NOT_FOUND, {
  ...{ route: 'api/{*rest}', methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], authLevel },
  handler: notFoundHandler,
});
