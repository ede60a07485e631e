/** The only entry of the deployed bundle: importing a file registers its functions. */
import './setup';
import './deliver-alerts';
import './http';
import './poll-directory-audits';
import './poll-sign-ins';
import './purge-expired';
import './reassess-due';
import './seal-record';
