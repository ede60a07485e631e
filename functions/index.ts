/** The only entry of the deployed bundle: importing a door registers it. */
import './setup';
import './deliver-alerts';
import './http/elsewhere';
import './http/export';
import './http/finding';
import './http/findings';
import './http/health';
import './http/openapi';
import './http/resend';
import './http/stats';
import './http/status';
import './http/transitions';
import './poll-directory-audits';
import './poll-sign-ins';
import './purge-expired';
import './reassess-due';
import './seal-day';
