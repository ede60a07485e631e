/** The only entry of the deployed bundle: importing a file registers its functions. */
import './setup';
import './timers/deliver-alerts';
import './http';
import './timers/poll';
import './timers/purge-expired';
import './timers/reassess-due';
import './timers/seal-record';
