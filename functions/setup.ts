import { app } from '@azure/functions';

// Exports are longer than what may be held; every HTTP function is then answered as a stream.
app.setup({ enableHttpStream: true });
