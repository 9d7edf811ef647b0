/**
 * Next steps that errors name, as calls of the library. The command line shows the command
 * that does the same.
 */

export const clusterFirst = 'Cluster the images first with `model.cluster(images)`.';
export const clusterAgain = 'Cluster the images again with `model.cluster(images)`.';
export const reportAgain = 'Write the report again with `clustering.writeReport()`.';
