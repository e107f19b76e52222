import Glibc
import ObserverConfiguration
import ObserverUpload

exit(UploadProgram.run(environment: ProcessEnvironment.current()))
