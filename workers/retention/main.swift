import Glibc
import ObserverConfiguration
import ObserverRetention

exit(runProgram(RetentionConfiguration.self, stages: RetentionService.stages))
