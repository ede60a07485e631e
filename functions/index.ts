/** The only entry of the deployed bundle: importing a door registers it. */
import './deliver-alerts';
import './http/coverage';
import './http/findings';
import './http/health';
import './poll-directory-audits';
import './poll-sign-ins';
import './reassess-due';
