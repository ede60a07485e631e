import {
  envelopeValue,
  fill,
  isTypeName,
  tooFlat,
  type Flaws,
  type GraphRow,
  type RowShape,
} from '../shape';
import { isGiven, isRecord, type Row } from '../values';

/** The rows of the audit log. */
export const shape: RowShape = {
  isGraph: (row) =>
    row['activityDisplayName'] !== undefined ||
    (row['activityDateTime'] !== undefined && row['targetResources'] !== undefined),
  isColumns: (row) => {
    const isAboutTargets = isGiven(row['TargetResources']) || isGiven(row['InitiatedBy']);
    return (
      isGiven(row['ActivityDisplayName']) ||
      (isAboutTargets && (isGiven(row['ActivityDateTime']) || isGiven(row['OperationName'])))
    );
  },
  tables: ['auditlogs'],
  columns: [
    ['id', ['Id']],
    ['activityDateTime', ['ActivityDateTime']],
    ['activityDisplayName', ['ActivityDisplayName']],
    ['category', ['Category']],
    ['correlationId', ['CorrelationId']],
    ['result', ['Result']],
    ['resultReason', ['ResultReason']],
    ['loggedByService', ['LoggedByService']],
    ['operationType', ['AADOperationType', 'OperationType']],
    ['initiatedBy', ['InitiatedBy']],
    ['targetResources', ['TargetResources']],
    ['additionalDetails', ['AdditionalDetails']],
  ],
  necessary: [
    ['id', 'Id'],
    ['activityDateTime', 'ActivityDateTime'],
    ['targetResources', 'TargetResources'],
  ],
  complete,
  finish: (row, flaws) => {
    checkDepth(row, flaws);
    return row;
  },
  problem: (row) => {
    const activity = row['activityDisplayName'];
    return activity === undefined || activity === null || activity === ''
      ? 'the record has no activityDisplayName'
      : typeof activity !== 'string'
        ? 'activityDisplayName is not a text'
        : undefined;
  },
};

function complete(graph: GraphRow, envelope: Row): void {
  fill(graph, 'activityDisplayName', graph['operationName']);
  fill(graph, 'activityDisplayName', envelopeValue(envelope, OPERATION_NAME));
  fill(graph, 'activityDateTime', envelope['time']); // of an audit the time of the activity
  fill(graph, 'result', envelope['result']);
  fill(graph, 'resultReason', envelopeValue(envelope, RESULT_DESCRIPTION));
}

const OPERATION_NAME = ['operationName', 'operationname', 'OperationName'];
const RESULT_DESCRIPTION = ['resultDescription', 'resultdescription', 'ResultDescription'];

function checkDepth(row: Row, flaws: Flaws): void {
  if (isTypeName(row['initiatedBy'])) {
    flaws.push(tooFlat('initiatedBy'));
  }
  const targets = row['targetResources'];
  if (!Array.isArray(targets)) {
    return;
  }
  for (const target of targets as readonly unknown[]) {
    if (isTypeName(target)) {
      flaws.push(tooFlat('targetResources'));
    } else if (isRecord(target) && isFlat(target['modifiedProperties'])) {
      flaws.push(tooFlat('modifiedProperties'));
    }
  }
}

function isFlat(changes: unknown): boolean {
  return isTypeName(Array.isArray(changes) ? changes[0] : changes);
}
