import Glibc
import ObserverConfiguration
import ObserverUpload

exit(runProgram(UploadConfiguration.self, stages: UploadService.stages))
